import { kindOf } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { takesTensor } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import type { Range } from './slice.ts';
import { joinedPlaces } from './support/places.ts';

/**
 * Indexing, one place for each dim: an integer takes one slice and drops the dim, a range or null works as in `slice`, and int32
 * tensors take the elements at their entries. Several tensors broadcast, and their entries at one place are one element. The
 * dims of the tensors stand in the place of their own, or come first if another dim separates these, as in PyTorch. Dims without
 * a place are kept whole.
 *
 * The result is a view unless a tensor is among the places.
 *
 * @throws ShapeError for an integer outside of its dim, more places than dims, or tensors that do not broadcast; on the CPU also
 *   WgradError for an entry outside of its dim, for which WebGPU gives NaN
 * @throws ArgumentError for a place of another kind
 * @example
 * x.at(-1, null, [0, 3]); // PyTorch's x[-1, :, 0:3]
 * logProbabilities.at(arange(batch), labels); // [batch]: that of each label
 */
export function at(x: Tensor, ...places: (number | Range | Tensor)[]): Tensor {
  takesTensor('at', [x]);
  for (const place of places) checkPlace(place);
  if (places.length > x.ndim) {
    throw new ShapeError('at', 'too many places', {
      takes: `at most ${x.ndim} for ${describe(x)}`,
      got: `${places.length}`,
    });
  }
  return scope(() => {
    const taken = places.map((place, axis): Range => {
      if (typeof place !== 'number') return place instanceof Tensor ? null : place;
      const length = x.shape[axis]!;
      if (!Number.isInteger(place) || place < -length || place >= length) {
        throw new ShapeError('at', 'outside of the dim', {
          takes: `an integer from ${-length} to ${length - 1}`,
          got: String(place),
        });
      }
      const start = place < 0 ? place + length : place;
      return [start, start + 1];
    });
    const part = x.slice(...taken);
    const dropped = places.flatMap((place, axis) => (typeof place === 'number' ? [axis] : []));
    const kept = dropped.length > 0 ? part.squeeze(dropped) : part;
    const rest = places.filter((place) => typeof place !== 'number');
    const axes = rest.flatMap((place, axis) => (place instanceof Tensor ? [axis] : []));
    return axes.length === 0
      ? kept
      : elementsAt(
          kept,
          axes,
          axes.map((axis) => rest[axis] as Tensor),
        );
  });
}

/** What index tensors take along some dims. These become the dims of the indices: in their place, or first if others separate them. */
function elementsAt(x: Tensor, axes: readonly number[], indices: readonly Tensor[]): Tensor {
  const together = axes.every((axis, at) => axis === axes[0]! + at);
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const before = together ? others.filter((axis) => axis < axes[0]!) : [];
  const after = others.slice(before.length);
  const sizes = (chosen: readonly number[]): number[] => chosen.map((axis) => x.shape[axis]!);
  const joined = joinedPlaces('at', indices, sizes(axes));
  return x
    .permute([...before, ...axes, ...after])
    .reshape([...sizes(before), sizeOf(sizes(axes)), ...sizes(after)])
    .indexSelect(before.length, joined.reshape([-1]))
    .reshape([...sizes(before), ...joined.shape, ...sizes(after)]);
}

/** Ranges and tensors are checked where they are used. */
function checkPlace(place: unknown): void {
  const isKnown = ['number', 'undefined'].includes(typeof place) || place === null;
  if (isKnown || place instanceof Tensor || Array.isArray(place)) return;
  throw new ArgumentError('at', 'not a place', {
    takes: 'an integer, a range [start, end] or [start, end, step], null, or an int32 tensor',
    got: kindOf(place),
  });
}
