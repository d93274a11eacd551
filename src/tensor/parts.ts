import { empty, zeros } from './create.ts';
import { copyInto } from './dense.ts';
import { type Shape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** A range of indices along each axis: its start and its length. */
export type Box = readonly (readonly [start: number, length: number])[];

/** A gradient that is 0 outside a box: that of a slice. */
export class Part {
  readonly values: Tensor;
  readonly shape: Shape;
  readonly box: Box;

  /** @param shape of the whole gradient */
  constructor(values: Tensor, shape: Shape, box: Box) {
    this.values = values;
    this.shape = shape;
    this.box = box;
  }
}

/**
 * The sum of parts of one gradient. Boxes that are apart are copied to their places, without zeros where they cover
 * everything: PyTorch's split does that too. Others are added up, in order.
 */
export function joinParts(parts: readonly Part[]): Tensor {
  const apart = parts.every((part, index) =>
    parts.slice(0, index).every((other) => areApart(part.box, other.box)),
  );
  if (apart) return placed(parts);
  const [first, ...others] = parts.map((part) => placed([part]));
  return others.reduce((sum, each) => {
    const next = sum.add(each);
    sum.dispose();
    each.dispose();
    return next;
  }, first!);
}

function placed(parts: readonly Part[]): Tensor {
  const [{ shape, values }] = parts as [Part];
  const { dtype, device } = values;
  const covered = parts.reduce((sum, part) => sum + part.values.numel(), 0);
  const out = covered === sizeOf(shape) ? empty(shape, { dtype, device }) : zeros(shape, { dtype, device });
  for (const part of parts) {
    const offset = part.box.reduce((sum, [start], axis) => sum + start * out.strides[axis]!, 0);
    copyInto(part.values, out, { shape: part.values.shape, strides: out.strides, offset });
  }
  return out;
}

function areApart(left: Box, right: Box): boolean {
  return left.some(([start, length], axis) => {
    const [other, otherLength] = right[axis]!;
    return start + length <= other || other + otherLength <= start;
  });
}
