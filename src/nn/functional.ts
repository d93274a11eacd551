/** The functions behind the modules, under PyTorch's names. */
export { adaptiveAvgPool2d, type AdaptiveSize } from '../ops/adaptiveAvgPool2d.ts';
export { avgPool2d, type AvgPoolOptions } from '../ops/avgPool2d.ts';
export { batchNorm, type BatchNormOptions } from '../ops/batchNorm.ts';
export { conv2d } from '../ops/conv2d.ts';
export { binaryCrossEntropyWithLogits } from '../ops/binaryCrossEntropyWithLogits.ts';
export { crossEntropy } from '../ops/crossEntropy.ts';
export { dropout, type DropoutOptions } from '../ops/dropout.ts';
export { layerNorm, type LayerNormOptions } from '../ops/layerNorm.ts';
export { linear } from '../ops/linear.ts';
export { maxPool2d, type MaxPoolOptions } from '../ops/maxPool2d.ts';
export { mseLoss } from '../ops/mseLoss.ts';
export { nllLoss } from '../ops/nllLoss.ts';
export { pad, type PadOptions } from '../ops/pad.ts';
export { gelu, leakyRelu, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from '../ops/table.ts';
