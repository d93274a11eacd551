import { maxPool2d, type MaxPoolOptions } from '../ops/maxPool2d.ts';
import type { Pair } from '../ops/pooling.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';

/**
 * The maximum over each window: see `maxPool2d`.
 *
 * @example
 * new MaxPool2d(2); // half the height and width
 * new MaxPool2d(3, { stride: 2, padding: 1 });
 */
export class MaxPool2d extends Module {
  readonly options: Readonly<MaxPoolOptions>;

  constructor(kernelSize: Pair, options: Omit<MaxPoolOptions, 'kernelSize'> = {}) {
    super();
    this.options = { kernelSize, ...options };
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}
