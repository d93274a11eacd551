import { codes } from '../backend/signatures.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';
import { where } from './where.ts';

/**
 * Every element brought into [min, max]; NaN stays. The gradient is 1 inside and on the ends, 0 outside.
 *
 * @param options.min left out: no lower end
 * @param options.max left out: no upper end; where min exceeds max, everything becomes max
 * @throws ArgumentError when both are left out
 * @example
 * tensor([-2, 0.5, 3]).clamp({ min: 0, max: 1 }); // 0, 0.5, 1
 */
export function clamp(x: Tensor, options: { min?: number; max?: number }): Tensor {
  const { min = -Infinity, max = Infinity } = options;
  if (options.min === undefined && options.max === undefined) {
    throw new ArgumentError('clamp', 'no end to clamp to', { takes: '{ min }, { max } or both', got: '{}' });
  }
  if (x.dtype === 'int32') return clampIntegers(x, options);
  return unary('clamp', codes.unary.CLAMP, x, {
    saves: 'input',
    alpha: min,
    beta: max,
    gradient: (g, saved) => where(saved.ge(min), where(saved.le(max), g, 0), 0),
  });
}

function clampIntegers(x: Tensor, { min, max }: { min?: number; max?: number }): Tensor {
  return scope(() => {
    const raised = min === undefined ? x : x.maximum(min);
    return max === undefined ? raised : raised.minimum(max);
  });
}
