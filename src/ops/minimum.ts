import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';
import { share } from './support/share.ts';

/**
 * The lesser of a and b, element by element, with broadcasting; NaN when either is NaN.
 *
 * The gradient goes to the lesser one, half to each where they are equal.
 */
export function minimum(a: Tensor, b: Tensor | number): Tensor {
  return binary(
    'minimum',
    codes.binary.MINIMUM,
    a,
    b,
    (g, x, y) => [() => g.mul(share(y, x)), () => g.mul(share(x, y))],
    true,
  );
}
