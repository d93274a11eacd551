export { Adagrad, type AdagradOptions } from './adagrad.ts';
export { Adam } from './adam.ts';
export type { AdamOptions } from './adamFamily.ts';
export { AdamW } from './adamW.ts';
export { type Averaged, AveragedModel, type AveragedModelOptions } from './averagedModel.ts';
export { clipGradNorm } from './clipGradNorm.ts';
export { clipGradValue } from './clipGradValue.ts';
export { GradScaler, type GradScalerOptions, type GradScalerState } from './gradScaler.ts';
export { Lion, type LionOptions } from './lion.ts';
export * as lrScheduler from './lrScheduler/index.ts';
export { NAdam, type NAdamOptions } from './nAdam.ts';
export { Optimizer } from './optimizer.ts';
export type { OptimizerState } from './optimizerArguments.ts';
export type {
  CommonOptions,
  GroupOptions,
  OptimizerParameters,
  ParamGroup,
  SavedGroup,
} from './paramGroups.ts';
export { RAdam, type RAdamOptions } from './rAdam.ts';
export { RMSprop, type RmsPropOptions } from './rmsProp.ts';
export { SGD, type SgdOptions } from './sgd.ts';
