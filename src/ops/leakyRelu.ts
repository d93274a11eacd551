import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * x where x ≥ 0, else negativeSlope · x, element by element; NaN stays.
 *
 * @param negativeSlope defaults to 0.01
 */
export function leakyRelu(x: Tensor, negativeSlope: number = 0.01): Tensor {
  return unary('leakyRelu', codes.unary.LEAKY_RELU, x, {
    saves: 'input',
    alpha: negativeSlope,
    gradient: (g, saved) =>
      g.mul(
        saved
          .gt(0)
          .to(g.dtype)
          .mul(1 - negativeSlope)
          .add(negativeSlope),
      ),
  });
}
