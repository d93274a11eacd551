import { scope } from '../tensor/scope.ts';
import { record } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { type Dims, reduceAxes, reductionAxes, restoreAxes } from './support/reduction.ts';

/**
 * The sum over the given dims, over all when left out; a bool tensor is counted, in int32.
 *
 *     ∂/∂x = 1
 *
 * @param dim one dim or several, negative ones from the end
 * @param keepdim leave reduced dims with size 1
 * @example
 * tensor([[1, 2], [3, 4]]).sum(0); // 4, 6
 */
export function sum(x: Tensor, dim?: Dims, keepdim: boolean = false): Tensor {
  if (x.dtype === 'bool') return scope(() => sum(x.to('int32'), dim, keepdim));
  checkDtype('sum', x, 'float32', 'float64', 'int32');
  const axes = reductionAxes('sum', x, dim);
  const { shape } = x;
  return record('sum', reduceAxes('SUM', 'sum', x, axes, keepdim), [x], [], (gradient) => [
    () => restoreAxes(gradient, shape, axes).expand(shape),
  ]);
}
