export { Adam, type AdamOptions } from './adam.ts';
export { Optimizer, type OptimizerState } from './optimizer.ts';
export { SGD, type SgdOptions } from './sgd.ts';
