import { codes } from '../backend/signatures.ts';
import { zerosLike } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';

/** The gradient of relu in one pass: g where x > 0 or x is NaN, else 0. It is linear in g, and flat in x. */
export function reluGradient(g: Tensor, x: Tensor): Tensor {
  return binary(
    'reluGradient',
    codes.binary.RELU_GRADIENT,
    g,
    x,
    (gg, _, kept) => [() => gg.reluGradient(kept), () => zerosLike(gg)],
    true,
  );
}
