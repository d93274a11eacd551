import { ArgumentError } from '../tensor/errors.ts';
import { rand, type RandomOptions } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/**
 * In training, zeroes each element with probability p and scales the rest by 1 / (1 - p); else gives x.
 *
 * The choice comes from the counter-based generator, so that both backends drop the same elements.
 *
 * Source: Srivastava et al.: Dropout (2014).
 */
export function dropout(x: Tensor, options: { p?: number; training?: boolean } & RandomOptions = {}): Tensor {
  const { p = 0.5, training = true, ...random } = options;
  if (!(p >= 0 && p < 1))
    throw new ArgumentError('dropout', 'no such share', { takes: '0 ≤ p < 1', got: `p ${p}` });
  if (!training || p === 0) return x;
  const kept = rand(x.shape, { ...random, device: x.device })
    .ge(p)
    .to(x.dtype);
  return x.mul(kept.mul(1 / (1 - p)));
}

/** Drops elements in training: see `dropout`. */
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
