import { record } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { extremeGradient } from './support/extreme.ts';
import { checkDtype } from './support/launch.ts';
import { type Dims, reduceAxes, reductionAxes } from './support/reduction.ts';

/**
 * The greatest element over the given dims, over all when left out; NaN if there is one.
 *
 * The gradient is shared evenly by all elements that are equal to it, as in PyTorch.
 *
 * @param dim one dim or several, negative ones from the end
 * @param keepdim leave reduced dims with size 1
 * @throws ShapeError when there is nothing to reduce
 */
export function amax(x: Tensor, dim?: Dims, keepdim: boolean = false): Tensor {
  checkDtype('amax', x, 'float32', 'float64', 'int32');
  const axes = reductionAxes('amax', x, dim);
  const out = reduceAxes('MAX', 'amax', x, axes, keepdim);
  return record('amax', out, [x], [x, out], (gradient, input, extreme) => [
    () => extremeGradient(gradient, input, extreme, axes),
  ]);
}
