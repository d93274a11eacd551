import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { takesTensor } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import type { Range } from './slice.ts';

/**
 * Indexing, one place for each dim: an integer takes one slice and drops the dim, a range or null works as in `slice`, and an
 * int32 vector takes slices in its order. Dims without a place are kept whole.
 *
 * The result is a view unless a vector is among the places.
 *
 * @throws ShapeError for an integer outside of its dim, or more places than dims
 * @throws ArgumentError for more than one vector
 * @example
 * x.at(-1, null, [0, 3]); // PyTorch's x[-1, :, 0:3]
 */
export function at(x: Tensor, ...places: (number | Range | Tensor)[]): Tensor {
  takesTensor('at', [x]);
  if (places.filter((place) => place instanceof Tensor).length > 1) {
    throw new ArgumentError('at', 'several vectors', {
      takes: 'one int32 vector; call at again for the next',
      got: `${places.length} places`,
    });
  }
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
    const axis = places.findIndex((place) => place instanceof Tensor);
    const selected = axis < 0 ? part : part.indexSelect(axis, places[axis] as Tensor);
    const dropped = places.flatMap((place, each) => (typeof place === 'number' ? [each] : []));
    return dropped.length > 0 ? selected.squeeze(dropped) : selected;
  });
}
