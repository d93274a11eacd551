import { scope } from '../../tensor/scope.ts';
import { broadcastShapes, type Shape, stridesOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { where } from '../where.ts';
import { checkDtype } from './launch.ts';

/**
 * Places in some dims as places in these dims joined to one, in the indices' common shape.
 *
 * A place outside of its dim becomes -1, which is outside of the joined dim: as a sum it could be another element's place.
 *
 * @param indices int32 tensors that broadcast, one for each dim
 */
export function joinedPlaces(operation: string, indices: readonly Tensor[], dims: Shape): Tensor {
  for (const each of indices) checkDtype(operation, each, 'int32');
  const shape = broadcastShapes(operation, ...indices.map((each) => each.shape));
  const [first] = indices;
  if (indices.length === 1) return first!;
  const steps = stridesOf(dims);
  return scope(() => {
    const places = indices.map((each, axis) => each.mul(steps[axis]!)).reduce((sum, each) => sum.add(each));
    const inside = indices
      .map((each, axis) => each.ge(0).logicalAnd(each.lt(dims[axis]!)))
      .reduce((all, each) => all.logicalAnd(each));
    return where(inside, places, -1).expand(shape);
  });
}
