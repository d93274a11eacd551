export { CosineAnnealingLR } from './cosineAnnealingLr.ts';
export { ExponentialLR } from './exponentialLr.ts';
export { LinearLR, type LinearLROptions } from './linearLr.ts';
export { OneCycleLR, type OneCycleLROptions } from './oneCycleLr.ts';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduceLrOnPlateau.ts';
export { LRScheduler, type PerGroup, type SchedulerOptions, type SchedulerState } from './scheduler.ts';
export { StepLR } from './stepLr.ts';
