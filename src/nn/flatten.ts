import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/** Merges dims startDim to endDim into one; by default all dims except the batch. */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim: number = 1, endDim: number = -1) {
    super();
    this.startDim = startDim;
    this.endDim = endDim;
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return keywords({ startDim: this.startDim, endDim: this.endDim });
  }
}
