import { kindOf } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { isGradEnabled } from '../tensor/gradientMode.ts';
import { takesTensor } from '../tensor/kinds.ts';
import { Part } from '../tensor/parts.ts';
import { describe, type Layout, type Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';
import { placeInto } from './support/place.ts';

/** [start, end] or [start, end, step] along one axis. null stands for a default, or alone for the whole axis. */
export type Range = readonly [number | null, number | null, (number | null)?] | null;

/** The positions of an axis that a slice keeps. */
export interface Cut {
  start: number;
  count: number;
  step: number;
}

/**
 * A view of a range along each axis. Axes without a range are kept whole.
 *
 * Negative starts and ends count from the end of the axis. Both are clipped to the axis. Steps are positive.
 *
 * @throws ShapeError for more ranges than axes
 * @throws ArgumentError for a step that is not a positive integer
 * @example
 * x.slice([0, 2], [null, null, 2]); // rows 0 and 1, every second column
 */
export function slice(x: Tensor, ...ranges: Range[]): Tensor {
  takesTensor('slice', [x]);
  if (ranges.length > x.ndim) {
    throw new ShapeError('slice', 'too many ranges', {
      takes: `at most ${x.ndim} ranges for ${describe(x)}`,
      got: `${ranges.length}`,
    });
  }
  return cutOut(
    x,
    x.shape.map((length, axis) => cut(ranges[axis] ?? null, length)),
  );
}

/** The view of a cut along each axis, whose layout may be known. */
export function cutOut(x: Tensor, cuts: readonly Cut[], layout: Layout = cutLayout(x, cuts)): Tensor {
  const { shape } = x;
  const rule = (gradient: Tensor): Tensor | Part =>
    cuts.every(({ step }) => step === 1) && !isGradEnabled()
      ? new Part(
          gradient.handle(),
          shape,
          cuts.map(({ start, count }) => [start, count]),
        )
      : placeInto(gradient, shape, (target) => cutLayout(target, cuts));
  return viewOf('slice', x, layout, rule, cuts);
}

function cutLayout(x: Tensor, cuts: readonly Cut[]): Layout {
  return {
    shape: cuts.map(({ count }) => count),
    strides: cuts.map(({ step }, axis) => x.strides[axis]! * step),
    offset: cuts.reduce((offset, { start }, axis) => offset + start * x.strides[axis]!, x.offset),
  };
}

function cut(range: Range, length: number): Cut {
  const list = range ?? [null, null];
  const [from, to, by] = Array.isArray(list) ? list : [NaN];
  const step = by ?? 1;
  const bad = [from ?? 0, to ?? 0, step].some((value) => !Number.isInteger(value));
  if (bad || step < 1 || list.length > 3) {
    throw new ArgumentError('slice', 'not a range', {
      takes: '[start, end] or [start, end, step] of integers or null, with step ≥ 1',
      got: kindOf(range),
    });
  }
  const bounded = (index: number): number =>
    Math.max(0, Math.min(length, index < 0 ? index + length : index));
  const start = bounded(from ?? 0);
  return { start, step, count: Math.max(0, Math.ceil((bounded(to ?? length) - start) / step)) };
}
