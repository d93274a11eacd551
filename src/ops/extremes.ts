import { type Maybe, signature } from '../tensor/arguments.ts';
import { BOOLEAN, either, INTEGER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A dim by name. */
interface ByName {
  dim: number;
  keepdim?: Maybe<boolean>;
}

const kinds = { dim: either(INTEGER, TENSOR), keepdim: BOOLEAN };
const maxArguments = signature<{ dim?: number | Tensor; keepdim?: boolean }>('max', { x: TENSOR }, kinds);
const minArguments = signature<{ dim?: number | Tensor; keepdim?: boolean }>('min', { x: TENSOR }, kinds);

/**
 * The greatest elements along a dim, and their positions as int32. The first of equal elements wins; NaN counts as greatest. The
 * gradient goes to these elements.
 *
 * Without a dim it is `amax`, with a tensor in its place `maximum`.
 *
 * @throws ShapeError if there are no elements
 * @example
 * const [values, indices] = x.max(1);
 */
export function max(x: Tensor, other?: Tensor): Tensor;
export function max(x: Tensor, dim: number, keepdim?: Maybe<boolean>): [values: Tensor, indices: Tensor];
export function max(x: Tensor, options: ByName): [values: Tensor, indices: Tensor];
export function max(
  x: Tensor,
  ...over: [dim?: Maybe<number | Tensor>, keepdim?: Maybe<boolean>] | [options: ByName]
): Tensor | [Tensor, Tensor] {
  const { dim, keepdim = false } = maxArguments([x, ...over]);
  if (dim === undefined) return x.amax({ keepdim });
  return typeof dim === 'number' ? picked(x, 'argmax', dim, keepdim) : x.maximum(dim);
}

/**
 * The least elements along a dim, and their positions as int32. The first of equal elements wins; NaN counts as least. The
 * gradient goes to these elements.
 *
 * Without a dim it is `amin`, with a tensor in its place `minimum`.
 *
 * @throws ShapeError if there are no elements
 */
export function min(x: Tensor, other?: Tensor): Tensor;
export function min(x: Tensor, dim: number, keepdim?: Maybe<boolean>): [values: Tensor, indices: Tensor];
export function min(x: Tensor, options: ByName): [values: Tensor, indices: Tensor];
export function min(
  x: Tensor,
  ...over: [dim?: Maybe<number | Tensor>, keepdim?: Maybe<boolean>] | [options: ByName]
): Tensor | [Tensor, Tensor] {
  const { dim, keepdim = false } = minArguments([x, ...over]);
  if (dim === undefined) return x.amin({ keepdim });
  return typeof dim === 'number' ? picked(x, 'argmin', dim, keepdim) : x.minimum(dim);
}

function picked(x: Tensor, extreme: 'argmax' | 'argmin', dim: number, keepdim: boolean): [Tensor, Tensor] {
  return scope(() => {
    const places = x[extreme](dim, true);
    const values = x.gather(dim, places);
    return keepdim ? [values, places] : [values.squeeze(dim), places.squeeze(dim)];
  });
}
