import { type Maybe, signature } from '../tensor/arguments.ts';
import { INTEGER } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

const takes = signature<{ startDim?: number; endDim?: number }>(
  'Flatten',
  {},
  { startDim: INTEGER, endDim: INTEGER },
);

/** Merges dims startDim to endDim into one; by default all dims except the batch. */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(
    ...rest:
      | [startDim?: Maybe<number>, endDim?: Maybe<number>]
      | [options: { startDim?: Maybe<number>; endDim?: Maybe<number> }]
  ) {
    super();
    const { startDim = 1, endDim = -1 } = takes(rest);
    this.startDim = startDim;
    this.endDim = endDim;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return keywords({ startDim: this.startDim, endDim: this.endDim });
  }
}
