/** The functions behind the modules, under PyTorch's names. */
export { conv2d } from '../ops/conv2d.ts';
export { binaryCrossEntropyWithLogits } from '../ops/binaryCrossEntropyWithLogits.ts';
export { crossEntropy } from '../ops/crossEntropy.ts';
export { linear } from '../ops/linear.ts';
export { mseLoss } from '../ops/mseLoss.ts';
export { nllLoss } from '../ops/nllLoss.ts';
export { gelu, leakyRelu, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from '../ops/table.ts';
export { dropout } from './dropout.ts';
