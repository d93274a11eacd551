import { dropout } from '../ops/dropout.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { NUMBER } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

const takes = signature<{ p?: number }>('Dropout', {}, { p: NUMBER });

/** Drops elements at random in training: see `dropout`. */
export class Dropout extends Module {
  readonly p: number;

  constructor(...rest: [p?: Maybe<number>] | [options: { p?: Maybe<number> }]) {
    super();
    const { p = 0.5 } = takes(rest);
    if (!(p >= 0 && p <= 1))
      throw new ArgumentError('Dropout', 'invalid probability', { takes: '0 ≤ p ≤ 1', got: `p ${p}` });
    this.p = p;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return dropout(x, { p: this.p, training: this.training });
  }

  override extraRepr(): string {
    return keywords({ p: this.p, inplace: false });
  }
}
