export {
  ELU,
  GELU,
  Hardswish,
  Identity,
  LeakyReLU,
  LogSoftmax,
  PReLU,
  ReLU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './activations.ts';
export {
  type AttendOptions,
  type EncoderLayerOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  TransformerEncoderLayer,
} from './attention.ts';
export { Conv1d, type Conv1dModuleOptions } from './conv1d.ts';
export { Conv2d } from './conv2d.ts';
export { ConvTranspose2d, type ConvTranspose2dModuleOptions } from './convTranspose2d.ts';
export { Dropout, Dropout2d } from './dropout.ts';
export { Embedding } from './embedding.ts';
export type { PaddingMode } from './filters.ts';
export { Flatten } from './flatten.ts';
export type { Fusion } from './fusion.ts';
export * as functional from './functional.ts';
export * as init from './init.ts';
export {
  GroupNorm,
  type GroupNormModuleOptions,
  InstanceNorm2d,
  RMSNorm,
  type RmsNormModuleOptions,
} from './groupNorms.ts';
export { Linear } from './linear.ts';
export {
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MSELoss,
  NLLLoss,
  SmoothL1Loss,
} from './losses.ts';
export { type AnyModule, type DifferentKeys, Module, type StateDict } from './module.ts';
export { ModuleDict } from './moduleDict.ts';
export { ModuleList } from './moduleList.ts';
export {
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormModuleOptions,
  LayerNorm,
  type LayerNormModuleOptions,
} from './norms.ts';
export { Parameter } from './parameter.ts';
export { ParameterList } from './parameterList.ts';
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool1d, MaxPool2d } from './pooling.ts';
export { GRU, LSTM, type RecurrentOptions } from './recurrent.ts';
export { Sequential } from './sequential.ts';
export { type LayerSummary, ModelSummary, summary } from './summary.ts';
export { Upsample } from './upsample.ts';
