import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';
import { share } from './support/share.ts';

/**
 * The greater of a and b, element by element, with broadcasting; NaN when either is NaN.
 *
 * The gradient goes to the greater one, half to each where they are equal.
 */
export function maximum(a: Tensor, b: Tensor | number): Tensor {
  return binary(
    'maximum',
    codes.binary.MAXIMUM,
    a,
    b,
    (g, x, y) => [() => g.mul(share(x, y)), () => g.mul(share(y, x))],
    true,
  );
}
