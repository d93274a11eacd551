import { sizeOf } from '../../../tensor/shape.ts';
import { OnnxError } from '../error.ts';

type Shape = readonly number[];

/** The most elements that a file can ask for in one tensor. */
const MOST_ELEMENTS = 2 ** 28;

/** Throws OnnxError for a shape that is none, or larger than a file may ask for. */
export function checkSize(shape: Shape): void {
  const valid = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (valid && sizeOf(shape) <= MOST_ELEMENTS) return;
  throw new OnnxError(`a tensor of shape [${shape.join(', ')}], where ${MOST_ELEMENTS} elements are allowed`);
}

/** Throws OnnxError where shapes broadcast to one that is larger than each of them, and larger than a file may ask for. */
export function checkBroadcast(...shapes: readonly Shape[]): void {
  checkGrowth(broadcast(shapes), shapes);
}

/** The same for the product of matrices. */
export function checkProduct(left: Shape, right: Shape): void {
  if (left.length < 2 || right.length < 2) return;
  const before = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  checkGrowth([...before, left.at(-2)!, right.at(-1)!], [left, right]);
}

/** What is as large as an operand has its size from the caller. */
function checkGrowth(result: Shape, operands: readonly Shape[]): void {
  if (operands.every((shape) => sizeOf(shape) < sizeOf(result))) checkSize(result);
}

/** The largest size of each axis. Whether they fit is checked by the operation. */
function broadcast(shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}
