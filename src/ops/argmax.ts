import type { Tensor } from '../tensor/tensor.ts';
import { argReduce } from './support/argReduce.ts';

/**
 * The position of the greatest element along a dim, or in row-major order when none is given, as int32.
 *
 * Of equal elements the first counts; NaN counts as greatest.
 *
 * @throws ShapeError when there is nothing to choose from
 */
export function argmax(x: Tensor, dim?: number, keepdim: boolean = false): Tensor {
  return argReduce('argmax', 'MAX', x, dim, keepdim);
}
