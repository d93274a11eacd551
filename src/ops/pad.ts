import { type Maybe, signature } from '../tensor/arguments.ts';
import { constant, tensor } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { oneOf, NUMBER, SIZES, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { placeInto } from './support/place.ts';
import type { Range } from './slice.ts';

/**
 * What a border consists of: one value, the pixels inside the edge mirrored at it, the pixels of the edge, or those of the
 * opposite side.
 */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Options of `pad`. */
export interface PadOptions {
  /** What the border consists of; `constant` by default. */
  mode?: Maybe<PadMode>;
  /** The value of a constant border; 0 by default. */
  value?: Maybe<number>;
}

const padArguments = signature<{ mode?: PadMode; value?: number }>(
  'pad',
  { x: TENSOR, amounts: SIZES },
  { mode: oneOf('constant', 'reflect', 'replicate', 'circular'), value: NUMBER },
);

/**
 * Adds a border to x. Negative amounts crop.
 *
 *     reflect  c b | a b c | b a      replicate  a a | a b c | c c      circular  b c | a b c | a b
 *
 * @param amounts [left, right, top, bottom, …]: pairs for the last dim, the one before, and so on
 * @throws ShapeError if there are more pairs than dims, or a crop is larger than its dim, or a border repeats pixels that
 *   the dim does not have: `reflect` takes less than its size, `circular` at most its size
 * @example
 * image.pad([2, 2, 2, 2]); // two pixels on each side of height and width
 */
export function pad(
  x: Tensor,
  amounts: readonly number[],
  ...options: [options?: PadOptions] | [mode: Maybe<PadMode>, value?: Maybe<number>]
): Tensor {
  const { mode = 'constant', value } = padArguments([x, amounts, ...options]);
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
  if (mode !== 'constant') return repeated(x, sides, mode);
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

type Side = { readonly length: number; readonly before: number; readonly after: number };

/** The border repeats pixels: each padded dim is a selection of its own positions. */
function repeated(x: Tensor, sides: readonly Side[], mode: Exclude<PadMode, 'constant'>): Tensor {
  const most = (length: number): number =>
    mode === 'circular' ? length : mode === 'reflect' ? length - 1 : length === 0 ? 0 : Infinity;
  if (sides.some(({ length, before, after }) => Math.max(before, after) > Math.max(0, most(length)))) {
    throw new ShapeError('pad', `the ${mode} border is too wide`, {
      takes: 'at most the pixels that there are to repeat',
      got: `${sides.map(({ before, after }) => `[${before}, ${after}]`).join(', ')} for ${describe(x)}`,
    });
  }
  return scope(() =>
    sides.reduce((padded, { length, before, after }, axis) => {
      if (before === 0 && after === 0) return padded;
      const positions = Int32Array.from({ length: before + length + after }, (_, index) =>
        source(index - before, length, mode),
      );
      return padded.indexSelect(
        axis,
        constant(() => tensor(positions, { device: x.device })),
      );
    }, x),
  );
}

/** The position inside that a position outside repeats. */
function source(at: number, length: number, mode: Exclude<PadMode, 'constant'>): number {
  if (mode === 'circular') return (at + length) % length;
  if (mode === 'replicate') return Math.min(length - 1, Math.max(0, at));
  const mirrored = Math.abs(at);
  return mirrored < length ? mirrored : 2 * (length - 1) - mirrored;
}
