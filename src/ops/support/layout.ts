import { ShapeError } from '../../tensor/errors.ts';
import { isContiguous, mergeAxes, type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import type { Part } from '../../tensor/parts.ts';
import { type Gradients, withGradient } from '../../tensor/tape.ts';
import { describe, type Layout, type Tensor } from '../../tensor/tensor.ts';

/** A view of x in another layout; `rule` undoes it in the gradient. */
export function viewOf(
  name: string,
  x: Tensor,
  layout: Layout,
  rule: (gradient: Tensor) => Tensor | Part,
  facts?: unknown,
): Tensor {
  return withGradient(
    name,
    x.withLayout(layout),
    [x],
    [],
    (gradient): Gradients => [() => rule(gradient)],
    facts,
  );
}

/** The strides with which x's storage reads as `shape`, or undefined if only a copy can. */
export function viewStrides(x: Tensor, shape: Shape): number[] | undefined {
  if (x.numel() === 0 || isContiguous(x.shape, x.strides)) return stridesOf(shape);
  const { shape: sizes, strides } = mergeAxes(x.shape, [x.strides]);
  const found = new Array<number>(shape.length).fill(0);
  // Each merged axis must consist of a run of the new axes, from the last.
  let axis = shape.length - 1;
  for (let merged = sizes.length - 1; merged >= 0; merged--) {
    let step = strides[0]![merged]!;
    let left = sizes[merged]!;
    for (; axis >= 0 && left > 1; axis--) {
      if (left % shape[axis]! !== 0) return undefined;
      found[axis] = step;
      step *= shape[axis]!;
      left /= shape[axis]!;
    }
    if (left > 1) return undefined;
  }
  return found;
}

/** A shape with its one -1 replaced by the remaining size. */
export function inferShape(name: string, x: Tensor, shape: Shape): number[] {
  const unknown = shape.filter((length) => length === -1).length;
  const known = sizeOf(shape.filter((length) => length !== -1));
  const inferred = shape.map((length) => (length === -1 ? x.numel() / known : length));
  const fits = unknown <= 1 && inferred.every((length) => Number.isInteger(length) && length >= 0);
  if (fits && sizeOf(inferred) === x.numel()) return inferred;
  throw new ShapeError(name, 'the number of elements does not fit', {
    takes: `a shape of ${x.numel()} elements, with at most one -1 for the remaining size`,
    got: `${describe(x)} to [${shape.join(', ')}]`,
  });
}
