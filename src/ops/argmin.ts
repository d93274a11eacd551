import type { Tensor } from '../tensor/tensor.ts';
import { argReduce } from './support/argReduce.ts';

/**
 * The position of the least element along a dim, or in row-major order when none is given, as int32.
 *
 * Of equal elements the first counts; NaN counts as least.
 *
 * @throws ShapeError when there is nothing to choose from
 */
export function argmin(x: Tensor, dim?: number, keepdim: boolean = false): Tensor {
  return argReduce('argmin', 'MIN', x, dim, keepdim);
}
