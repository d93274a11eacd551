// Truth values, element by element and over dims. Every element but 0 is true, NaN too. They have no gradient.

import { signature } from '../tensor/arguments.ts';
import { BOOLEAN, DIMS, takesPair, takesTensor, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ReduceArguments } from './reductions.ts';
import { isWholeNumber } from './support/promote.ts';
import type { Dims } from './support/reduction.ts';
import { scalarLike } from './support/scalar.ts';

/** Truth values of a tensor. */
function truth(x: Tensor): Tensor {
  return x.dtype === 'bool' ? x : x.ne(0);
}

/** The second of two operands as truth values. */
function isTrue(x: Tensor | number, { device }: Tensor): Tensor {
  return typeof x === 'number' ? scalarLike(Number(x !== 0), { dtype: 'bool', device }) : truth(x);
}

/** Whether each element is NaN, as a bool tensor. */
export function isnan(x: Tensor): Tensor {
  takesTensor('isnan', arguments);
  return x.ne(x);
}

/** Whether each element is an infinity of either sign, as a bool tensor. */
export function isinf(x: Tensor): Tensor {
  takesTensor('isinf', arguments);
  return isWholeNumber(x.dtype) ? x.ne(x) : scope(() => x.detach().abs().eq(Infinity));
}

/** Whether each element is neither NaN nor an infinity, as a bool tensor. */
export function isfinite(x: Tensor): Tensor {
  takesTensor('isfinite', arguments);
  return isWholeNumber(x.dtype) ? x.eq(x) : scope(() => x.detach().abs().lt(Infinity));
}

/** True where x is 0, as a bool tensor. */
export function logicalNot(x: Tensor): Tensor {
  takesTensor('logicalNot', arguments);
  return x.eq(0);
}

/** True where both are true, with broadcasting, as a bool tensor. */
export function logicalAnd(a: Tensor, b: Tensor | number): Tensor {
  takesPair('logicalAnd', arguments);
  return scope(() => truth(a).mul(isTrue(b, a)));
}

/** True where at least one is true, with broadcasting, as a bool tensor. */
export function logicalOr(a: Tensor, b: Tensor | number): Tensor {
  takesPair('logicalOr', arguments);
  return scope(() => truth(a).maximum(isTrue(b, a)));
}

/** True where exactly one is true, with broadcasting, as a bool tensor. */
export function logicalXor(a: Tensor, b: Tensor | number): Tensor {
  takesPair('logicalXor', arguments);
  return scope(() => truth(a).ne(isTrue(b, a)));
}

const kinds = { dim: DIMS, keepdim: BOOLEAN };
const anyArguments = signature<{ dim?: Dims; keepdim?: boolean }>('any', { x: TENSOR }, kinds);
const allArguments = signature<{ dim?: Dims; keepdim?: boolean }>('all', { x: TENSOR }, kinds);

/**
 * Whether at least one element is true, over the given dims or over all dims, as a bool tensor. False if there are no elements.
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @example
 * tensor([0, 2, 0]).any(); // true
 */
export function any(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = anyArguments([x, ...over]);
  return scope(() => truth(x).sum(dim, keepdim).ne(0));
}

/**
 * Whether all elements are true, over the given dims or over all dims, as a bool tensor. True if there are no elements.
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @example
 * tensor([0, 2, 0]).all(); // false
 */
export function all(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = allArguments([x, ...over]);
  return scope(() => x.eq(0).sum(dim, keepdim).eq(0));
}
