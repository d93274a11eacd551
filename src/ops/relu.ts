import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * max(x, 0), element by element; NaN stays. The gradient at 0 is 0.
 *
 * @example
 * tensor([-1, 2]).relu(); // 0, 2
 */
export function relu(x: Tensor): Tensor {
  if (x.dtype === 'int32') return x.maximum(0);
  return unary('relu', codes.unary.RELU, x, {
    saves: 'input',
    gradient: (g, saved) => g.reluGradient(saved),
  });
}
