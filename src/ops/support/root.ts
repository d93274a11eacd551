import { codes } from '../../backend/signatures.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { where } from '../where.ts';
import { unary } from './elementwise.ts';

/** √x, with a gradient of 0 at 0, also where the gradient that arrives is infinite. Errors name `operation`. */
export function root(operation: string, x: Tensor): Tensor {
  return unary(operation, codes.unary.SQRT, x, 'output', (g, y) => {
    const isZero = y.eq(0);
    return where(isZero, 0, g.div(where(isZero, 1, y.mul(2))));
  });
}
