import { ArgumentError, ShapeError } from './errors.ts';

/** The length of each axis; `[]` for a scalar. */
export type Shape = readonly number[];
/** The distance in elements between two indices of an axis, for each axis. */
export type Strides = readonly number[];

/** The number of elements of a shape; 1 for a scalar, `[]`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Whether the elements are row-major without gaps. Axes of size 1 may have any stride. */
export function isContiguous(shape: Shape, strides: Strides): boolean {
  if (sizeOf(shape) === 0) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length !== 1 && strides[axis] !== step) return false;
    step *= length;
  }
  return true;
}

/** The first element that a layout reads, and the number of elements from there to its last. */
export function extentOf({ shape, strides, offset }: { shape: Shape; strides: Strides; offset: number }): {
  first: number;
  size: number;
} {
  const steps = strides.map((stride, axis) => stride * (shape[axis]! - 1));
  const sum = (parts: readonly number[]): number => parts.reduce((total, part) => total + part, 0);
  const first = offset + sum(steps.filter((step) => step < 0));
  return { first, size: offset + sum(steps.filter((step) => step > 0)) - first + 1 };
}

export function sameShape(left: Shape, right: Shape): boolean {
  if (left.length !== right.length) return false;
  for (let axis = 0; axis < left.length; axis++) if (left[axis] !== right[axis]) return false;
  return true;
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Throws ShapeError unless a shape is a list of non-negative integers. */
export function checkShape(operation: string, shape: Shape): Shape {
  if (shape.every((length) => Number.isSafeInteger(length) && length >= 0)) return shape;
  throw new ArgumentError(operation, 'not a shape', {
    takes: 'a list of integers ≥ 0',
    got: JSON.stringify(shape),
  });
}

/** The axis that `dim` names; negative dims count from the end. */
export function axisOf(operation: string, dim: number, rank: number): number {
  const least = rank === 0 ? -1 : -rank;
  const most = rank === 0 ? 0 : rank - 1;
  if (!Number.isInteger(dim) || dim < least || dim > most) {
    throw new ShapeError(operation, 'no such dimension', {
      takes: `dim from ${least} to ${most}`,
      got: `dim ${dim}`,
    });
  }
  return dim < 0 ? dim + Math.max(rank, 1) : dim;
}

/** The axes that `dim` names, ascending. Undefined or an empty list means all axes. */
export function axesOf(
  operation: string,
  dim: number | readonly number[] | undefined,
  rank: number,
): number[] {
  const dims = typeof dim === 'number' ? [dim] : (dim ?? []);
  if (dims.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  const axes = dims.map((each) => axisOf(operation, each, rank));
  if (new Set(axes).size !== axes.length) {
    throw new ShapeError(operation, 'a dimension is named twice', {
      takes: 'distinct dims',
      got: formatShape(dims),
    });
  }
  return axes.filter((axis) => axis < rank).sort((left, right) => left - right);
}

/** The common shape by NumPy's broadcasting: shapes are aligned at the last axis, and axes of size 1 are stretched. */
export function broadcastShapes(operation: string, ...shapes: readonly Shape[]): number[] {
  const [first = []] = shapes;
  // Most operands have one shape, or are numbers.
  if (shapes.every((shape) => shape.length === 0 || sameShape(shape, first))) return first.slice();
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const size = sizes.find((length) => length !== 1) ?? 1;
    if (sizes.some((length) => length !== 1 && length !== size)) {
      throw new ShapeError(operation, 'shapes do not broadcast', {
        takes: 'shapes that agree axis by axis from the last, or have size 1 there',
        got: shapes.map(formatShape).join(' and '),
      });
    }
    return size;
  });
}

/** The strides with which an operand of `shape` reads as `target`; stretched axes have stride 0. */
export function broadcastStrides(shape: Shape, strides: Strides, target: Shape): number[] {
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/** Values of axes, in another order. */
export function inOrder(values: readonly number[], order: readonly number[]): number[] {
  return order.map((axis) => values[axis]!);
}

/** A walk over several strided operands at once. */
export interface Walk {
  shape: number[];
  strides: number[][];
}

/** The same walk with as few axes as possible: drops axes of size 1 and merges axes if every operand allows it. */
export function mergeAxes(shape: Shape, operands: readonly Strides[]): Walk {
  const merged: Walk = { shape: [], strides: operands.map(() => []) };
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = merged.shape.length - 1;
    const joins =
      last >= 0 && operands.every((strides, k) => merged.strides[k]![last] === strides[axis]! * length);
    if (joins) merged.shape[last]! *= length;
    else merged.shape.push(length);
    operands.forEach((strides, k) => {
      if (joins) merged.strides[k]![last] = strides[axis]!;
      else merged.strides[k]!.push(strides[axis]!);
    });
  });
  return merged;
}

/** Prepends `fill` to `values` until there are `rank` of them, as many as a kernel's vector has. */
export function padFront<V extends readonly number[]>(
  values: readonly number[],
  rank: V['length'],
  fill: number,
): V {
  const padded: number[] = [];
  for (let axis = values.length; axis < rank; axis++) padded.push(fill);
  for (let axis = 0; axis < values.length; axis++) padded.push(values[axis]!);
  return padded as unknown as V;
}
