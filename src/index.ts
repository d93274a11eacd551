import './ops/methods.ts';

export type { Backend, DeviceStats, DeviceTuning, KernelChoices } from './backend/backend.ts';
export type { DType, TypedArray } from './backend/dtypes.ts';
export {
  AdapterError,
  CaptureError,
  DeviceLostError,
  KernelError,
  OutOfMemoryError,
  WgradError,
} from './backend/errors.ts';
export {
  type LoadedSafetensors,
  type LoadOptions,
  loadSafetensors,
  loadSafetensorsFile,
  SafetensorsError,
  saveSafetensors,
  saveSafetensorsFile,
} from './formats/safetensors/index.ts';
export * from './ops/index.ts';
export { multinomial, normal, randperm } from './ops/draws.ts';
export { maskedSelect, nonzero } from './ops/nonzero.ts';
export { unique, type UniqueOptions } from './ops/unique.ts';
export { toDevice } from './ops/to.ts';
export { backward, grad, type BackwardOptions, type GradOptions } from './tensor/backward.ts';
export { capture, type Captured } from './tensor/capture.ts';
export type { CaptureArgument } from './tensor/captureValues.ts';
export {
  arange,
  type CreateOptions,
  eye,
  full,
  linspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './tensor/create.ts';
export {
  defaultDevice,
  type DeviceName,
  init,
  type InitOptions,
  open,
  setDefaultDevice,
} from './tensor/device.ts';
export {
  ArgumentError,
  DeviceError,
  DTypeError,
  type Explanation,
  FreedTensorError,
  GradientError,
  ShapeError,
} from './tensor/errors.ts';
export { autocast, type AutocastType } from './tensor/autocast.ts';
export type { HookHandle } from './tensor/gradientHooks.ts';
export { noGrad } from './tensor/gradientMode.ts';
export { manualSeed, rand, randint, randn, type RandomOptions } from './tensor/random.ts';
export { scope } from './tensor/scope.ts';
export type { Shape, Strides } from './tensor/shape.ts';
export { type GradientHook, type NestedArray, Tensor } from './tensor/tensor.ts';
export * as autograd from './autograd/index.ts';
export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
