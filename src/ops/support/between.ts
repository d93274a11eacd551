import { constant, tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * x at places between its elements along an axis: means of the two neighbours, each weighted by how near it is.
 *
 * Reads nothing but these: a NaN elsewhere does not spread, and `autocast` does not round, as a product with a matrix of all
 * weights would.
 *
 * @param places from 0 to the length of the axis - 1
 */
export function between(x: Tensor, axis: number, places: Float64Array): Tensor {
  const { device } = x;
  const dtype = x.dtype === 'float64' ? 'float64' : 'float32';
  const shape = x.shape.map((_, each) => (each === axis ? places.length : 1));
  // Halves of an element that a place is on add up to it, also to an infinite one.
  const shares = places.map((place) => (place % 1 === 0 ? 0.5 : place % 1));
  const part = (positions: Float64Array, weights: Float64Array): Tensor => {
    const index = constant(() => tensor(Int32Array.from(positions), { device }));
    return x.indexSelect(axis, index).mul(constant(() => tensor(weights, { shape, dtype, device })));
  };
  const below = part(
    places.map(Math.floor),
    shares.map((share) => 1 - share),
  );
  return below.add(part(places.map(Math.ceil), shares));
}
