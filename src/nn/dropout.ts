import { dropout } from '../ops/dropout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/** Drops elements at random in training: see `dropout`. */
export class Dropout extends Module {
  readonly p: number;

  constructor(p: number = 0.5) {
    super();
    this.p = p;
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training });
  }

  override extraRepr(): string {
    return keywords({ p: this.p, inplace: false });
  }
}
