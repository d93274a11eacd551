import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { oneOf, NUMBER, SIZES, TENSOR } from '../tensor/kinds.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { placeInto } from './support/place.ts';
import type { Range } from './slice.ts';

/** Options of `pad`. */
export interface PadOptions {
  /** The only mode is `constant`. */
  mode?: Maybe<'constant'>;
  /** Defaults to 0. */
  value?: Maybe<number>;
}

const padArguments = signature<{ mode?: 'constant'; value?: number }>(
  'pad',
  { x: TENSOR, amounts: SIZES },
  { mode: oneOf('constant'), value: NUMBER },
);

/**
 * Adds a border of one value to x. Negative amounts crop.
 *
 * @param amounts [left, right, top, bottom, …]: pairs for the last dim, the one before, and so on
 * @throws ShapeError if there are more pairs than dims, or a crop is larger than its dim
 * @example
 * image.pad([2, 2, 2, 2]); // two pixels on each side of height and width
 */
export function pad(
  x: Tensor,
  amounts: readonly number[],
  ...options: [options?: PadOptions] | [mode: Maybe<'constant'>, value?: Maybe<number>]
): Tensor {
  const { value } = padArguments([x, amounts, ...options]);
  if (amounts.length % 2 !== 0 || !amounts.every(Number.isInteger)) {
    throw new ArgumentError('pad', 'not pairs', {
      takes: 'integers [left, right, top, bottom, …]',
      got: `[${amounts.join(', ')}]`,
    });
  }
  const sides = x.shape.map((length, axis) => {
    const pair = 2 * (x.ndim - 1 - axis);
    const [before, after] = [amounts[pair] ?? 0, amounts[pair + 1] ?? 0];
    return { length, before, after };
  });
  if (amounts.length > 2 * x.ndim || sides.some(({ length, before, after }) => length + before + after < 0)) {
    throw new ShapeError('pad', 'amounts do not fit', {
      takes: `up to ${x.ndim} pairs that leave no negative size`,
      got: `[${amounts.join(', ')}] for ${describe(x)}`,
    });
  }
  const kept = x.slice(
    ...sides.map(({ length, before, after }): Range => [Math.max(0, -before), length + Math.min(0, after)]),
  );
  const { shape } = kept;
  const padded = shape.map(
    (length, axis) => length + Math.max(0, sides[axis]!.before) + Math.max(0, sides[axis]!.after),
  );
  return placeInto(
    kept,
    padded,
    ({ strides, offset }) => ({
      shape,
      strides,
      offset: sides.reduce((at, { before }, axis) => at + Math.max(0, before) * strides[axis]!, offset),
    }),
    value,
  );
}
