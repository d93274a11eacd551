import { codes } from '../backend/signatures.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';
import type { Dims } from './support/reduction.ts';
import { scalarLike } from './support/scalar.ts';
import type { VarianceOptions } from './var.ts';
import { where } from './where.ts';

/**
 * The standard deviation over the given dims: the root of the variance, with the same options.
 *
 * Its gradient is 0 where it is 0, as in PyTorch.
 */
export function std(x: Tensor, dim?: Dims, options: VarianceOptions = {}): Tensor {
  return scope(() => root(x.var(dim, options)));
}

function root(variance: Tensor): Tensor {
  return unary('std', codes.unary.SQRT, variance, {
    saves: 'output',
    gradient: (g, y) => g.div(where(y.eq(0), scalarLike(Infinity, y), y.mul(2))),
  });
}
