import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';
import { scalarLike } from './support/scalar.ts';
import { where } from './where.ts';

/**
 * aᵇ, element by element, with broadcasting; NaN for a negative base with an exponent that is not whole.
 *
 *     ∂/∂a = b · a^(b-1)  (0 where b = 0),   ∂/∂b = aᵇ · ln a  (0 where a = 0 and b ≥ 0)
 *
 * @example
 * tensor([1, 2, 3]).pow(2); // 1, 4, 9
 */
export function pow(a: Tensor, b: Tensor | number): Tensor {
  return binary(
    'pow',
    codes.binary.POW,
    a,
    b,
    (g, x, y) => [() => toBase(g, x, y), () => toExponent(g, x, y)],
    true,
  );
}

function toBase(g: Tensor, base: Tensor, exponent: Tensor): Tensor {
  const slope = exponent.mul(base.pow(exponent.sub(1)));
  return g.mul(where(exponent.eq(0), scalarLike(0, slope), slope));
}

function toExponent(g: Tensor, base: Tensor, exponent: Tensor): Tensor {
  const flat = base.eq(0).to(g.dtype).mul(exponent.ge(0).to(g.dtype)).ne(0);
  // The logarithm is taken of 1 where it would be -Inf, so that no NaN arises in what is masked.
  const safe = where(flat, scalarLike(1, base), base);
  return g.mul(base.pow(exponent).mul(safe.log()));
}
