/** The functions behind the modules, under PyTorch's names. */
export { crossEntropy } from '../ops/crossEntropy.ts';
export { linear } from '../ops/linear.ts';
export { maxPool2d } from '../ops/maxPool2d.ts';
export { mseLoss } from '../ops/mseLoss.ts';
export { gelu, leakyRelu, logSoftmax, relu, sigmoid, silu, softmax, softplus, tanh } from '../ops/table.ts';
export { dropout } from './dropout.ts';
