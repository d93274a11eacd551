import { interpolate, type InterpolateOptions } from '../ops/interpolate.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { BOOLEAN, either, listOf, oneOf, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

const EACH = either(REAL, listOf(REAL));
const takes = signature<InterpolateOptions>(
  'Upsample',
  {},
  { size: EACH, scaleFactor: EACH, mode: oneOf('nearest', 'bilinear'), alignCorners: BOOLEAN },
);

/**
 * Resizes images: see `interpolate`.
 *
 * @example
 * new Upsample({ scaleFactor: 2, mode: 'bilinear' });
 */
export class Upsample extends Module {
  readonly options: Readonly<InterpolateOptions>;

  constructor(
    ...rest:
      | [options?: Maybe<InterpolateOptions>]
      | [
          size: Maybe<number | readonly number[]>,
          scaleFactor?: Maybe<number | readonly number[]>,
          mode?: Maybe<'nearest' | 'bilinear'>,
          alignCorners?: Maybe<boolean>,
        ]
  ) {
    super();
    this.options = takes(rest);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return interpolate(x, this.options);
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode = 'nearest' } = this.options;
    // PyTorch prints these as Python's floats.
    const float = (each: number): string => (Number.isInteger(each) ? `${each}.0` : String(each));
    const factor =
      typeof scaleFactor === 'number' ? float(scaleFactor) : `(${scaleFactor?.map(float).join(', ')})`;
    const given = size === undefined ? `scale_factor=${factor}` : keywords({ size });
    return `${given}, ${keywords({ mode })}`;
  }
}
