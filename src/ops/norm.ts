import { type Maybe, signature } from '../tensor/arguments.ts';
import { BOOLEAN, DIMS, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { root } from './support/root.ts';
import type { Dims } from './support/reduction.ts';
import { where } from './where.ts';

const takes = signature<{ p?: number; dim?: Dims; keepdim?: boolean }>(
  'norm',
  { x: TENSOR },
  { p: REAL, dim: DIMS, keepdim: BOOLEAN },
);

/**
 * The p-norm of the elements over the given dims, or over all dims.
 *
 *     ‖x‖ = (Σ |x|ᵖ)^(1/p);   p = ∞ gives the greatest |x|, -∞ the least, 0 the number of elements other than 0
 *
 * The gradient is 0 where an element or the norm is 0, as in PyTorch.
 *
 * @param p 2 by default
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @example
 * tensor([3, 4]).norm(); // 5
 */
export function norm(
  x: Tensor,
  ...options:
    | [p?: Maybe<number>, dim?: Maybe<Dims>, keepdim?: Maybe<boolean>]
    | [options: { p?: Maybe<number>; dim?: Maybe<Dims>; keepdim?: Maybe<boolean> }]
): Tensor {
  const { p = 2, dim, keepdim = false } = takes([x, ...options]);
  return scope(() => {
    if (p === 2) return root('norm', x.square().sum(dim, keepdim));
    if (p === 0) return x.ne(0).to(x.dtype).sum(dim, keepdim);
    const magnitudes = x.abs();
    if (p === 1) return magnitudes.sum(dim, keepdim);
    if (p === Infinity) return magnitudes.amax(dim, keepdim);
    if (p === -Infinity) return magnitudes.amin(dim, keepdim);
    // Neither a 0, for p < 1, nor a norm of 0, for p > 1, may take part in a power: its slope there is infinite.
    if (p < 1)
      return power(magnitudes, p)
        .sum(dim, keepdim)
        .pow(1 / p);
    return power(magnitudes.pow(p).sum(dim, keepdim), 1 / p);
  });
}

/** xᵖ, with a gradient of 0 at 0. */
function power(x: Tensor, p: number): Tensor {
  const isZero = x.eq(0);
  return where(isZero, 0 ** p, where(isZero, 1, x).pow(p));
}
