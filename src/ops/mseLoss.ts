import { type Rest, signature } from '../tensor/arguments.ts';
import { REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkTarget } from './distances.ts';
import { reduceLosses, type Reduction } from './support/lossReduction.ts';

const takes = signature<{ reduction?: Reduction }>(
  'mseLoss',
  { input: TENSOR, target: TENSOR },
  { reduction: REDUCTION },
  0,
);

/**
 * The squared error (input - target)², reduced.
 *
 * @param target of input's shape
 * @param options.reduction `mean` (default), `sum` or `none`
 * @throws ShapeError if the shapes differ
 * @example
 * mseLoss(prediction, target, { reduction: 'sum' });
 */
export function mseLoss(input: Tensor, target: Tensor, ...rest: Rest<{ reduction?: Reduction }>): Tensor {
  const { reduction } = takes([input, target, ...rest]);
  checkTarget('mseLoss', input, target);
  return scope(() => reduceLosses('mseLoss', input.sub(target).square(), reduction));
}
