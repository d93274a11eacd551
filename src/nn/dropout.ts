import { dropout } from '../ops/dropout.ts';
import { dropout2d } from '../ops/dropout2d.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { NUMBER } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

/** What `Dropout` and `Dropout2d` share. */
abstract class Dropping extends Module {
  readonly p: number;

  constructor(...rest: [p?: Maybe<number>] | [options: { p?: Maybe<number> }]) {
    super();
    const name = new.target.name;
    const { p = 0.5 } = signature<{ p?: number }>(name, {}, { p: NUMBER })(rest);
    if (!(p >= 0 && p <= 1))
      throw new ArgumentError(name, 'invalid probability', { takes: '0 ≤ p ≤ 1', got: `p ${p}` });
    this.p = p;
  }

  override extraRepr(): string {
    return keywords({ p: this.p, inplace: false });
  }
}

/** Drops elements at random in training: see `dropout`. */
export class Dropout extends Dropping {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return dropout(x, { p: this.p, training: this.training });
  }
}

/** Drops whole channels at random in training: see `dropout2d`. */
export class Dropout2d extends Dropping {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return dropout2d(x, { p: this.p, training: this.training });
  }
}
