import type { Variant } from '../../backend/backend.ts';
import { type DType, isFloating } from '../../backend/dtypes.ts';
import type { Vec3, Vec4 } from '../../backend/signatures.ts';
import { empty } from '../../tensor/create.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { DTypeError } from '../../tensor/errors.ts';
import {
  broadcastStrides,
  inOrder,
  isContiguous,
  mergeAxes,
  padFront,
  sameShape,
  type Shape,
  sizeOf,
  stridesOf,
  type Walk,
} from '../../tensor/shape.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';

/** Kernels handle this many axes. A view that needs more is copied first. */
const AXES = 4;

interface ElementKind {
  readonly Element: 'f32' | 'i32' | 'u32';
  readonly FLOATING: boolean;
}

const FLOATS: ElementKind = { Element: 'f32', FLOATING: true };

/** The element type and kind that specialise kernels. */
export function elementOf(dtype: DType): ElementKind {
  if (isFloating(dtype)) return FLOATS;
  return { Element: dtype === 'int32' ? 'i32' : 'u32', FLOATING: false };
}

/** Throws DTypeError unless the tensor's dtype is among those that an operation takes. */
export function checkDtype(operation: string, x: Tensor, ...taken: readonly DType[]): void {
  if (taken.includes(x.dtype)) return;
  throw new DTypeError(operation, `no ${x.dtype}`, {
    takes: `${taken.join(', ')} (convert with to(dtype))`,
    got: describe(x),
  });
}

/**
 * The operands of an element-wise kernel over `shape`, broadcast and merged to the fewest axes. The walk goes through memory
 * in the order of an operand that fills it, such as a transposed matrix, and `settled` gives the result that layout.
 */
export function walkOver<V extends Vec3 | Vec4 = Vec4>(
  shape: Shape,
  tensors: readonly Tensor[],
  axes: V['length'] = AXES,
): ElementWalk<V> {
  let operands = tensors;
  const row = walkRow(shape, operands);
  let order = row ? undefined : memoryOrder(shape, operands);
  let walk = row ?? mergedWalk(shape, operands, order);
  if (walk.shape.length > axes) {
    operands = tensors.map((tensor) => stretchedCopy(tensor, shape));
    order = undefined;
    walk = mergedWalk(shape, operands, order);
  }
  return {
    operands,
    temporary: operands !== tensors,
    order,
    rank: Math.max(1, walk.shape.length),
    shape: padFront(walk.shape, axes, 1),
    strides: walk.strides.map((strides) => padFront(strides, axes, 0)),
  };
}

/**
 * The axes from the slowest to the fastest in the memory of the first operand that has the whole shape and fills its memory
 * without gaps; undefined if that is the row-major order, also of another operand.
 */
export function memoryOrder(shape: Shape, operands: readonly Tensor[]): number[] | undefined {
  const whole = operands.filter((each) => sameShape(each.shape, shape));
  if (whole.some((each) => each.isContiguous())) return undefined;
  for (const { strides } of whole) {
    const order = shape.map((_, axis) => axis).sort((left, right) => strides[right]! - strides[left]!);
    if (isContiguous(inOrder(shape, order), inOrder(strides, order))) return order;
  }
  return undefined;
}

/** A result whose elements a walk has written one after the other, as a tensor of its shape. */
export function settled(out: Tensor, { order }: { order: readonly number[] | undefined }): Tensor {
  if (!order) return out;
  const { shape } = out;
  const steps = stridesOf(inOrder(shape, order));
  const strides = shape.map((_, axis) => steps[order.indexOf(axis)]!);
  const result = out.withLayout({ shape, strides, offset: 0 });
  out.dispose();
  return result;
}

/** One row, if every operand has the shape and is contiguous, or is a number. Most operands are, and this is fast. */
function walkRow(shape: Shape, operands: readonly Tensor[]): Walk | undefined {
  const size = sizeOf(shape);
  if (size === 1) return undefined;
  const strides: number[][] = [];
  for (const operand of operands) {
    if (operand.ndim === 0) strides.push([0]);
    else if (sameShape(operand.shape, shape) && isContiguous(shape, operand.strides)) strides.push([1]);
    else return undefined;
  }
  return { shape: [size], strides };
}

function mergedWalk(shape: Shape, operands: readonly Tensor[], order: readonly number[] | undefined): Walk {
  const strides = operands.map((tensor) => broadcastStrides(tensor.shape, tensor.strides, shape));
  if (!order) return mergeAxes(shape, strides);
  return mergeAxes(
    inOrder(shape, order),
    strides.map((each) => inOrder(each, order)),
  );
}

/** The layout that a kernel iterates over. Call `freeCopies` after the launch. */
export interface ElementWalk<V = Vec4> {
  operands: readonly Tensor[];
  /** Whether the operands are copies for this launch. */
  temporary: boolean;
  /** The axes in the order of the walk; undefined for row-major. */
  order: readonly number[] | undefined;
  /** The number of axes in use. */
  rank: number;
  shape: V;
  strides: V[];
}

/** Frees the copies of a walk, if it has any. */
export function freeCopies({ operands, temporary }: ElementWalk<unknown>): void {
  if (temporary) for (const operand of operands) operand.dispose();
}

function stretchedCopy(x: Tensor, shape: Shape): Tensor {
  const view = x.withLayout({
    shape,
    strides: broadcastStrides(x.shape, x.strides, shape),
    offset: x.offset,
  });
  const copy = dense(view);
  freeCopy(view, copy);
  return copy;
}

/** Runs the unary kernel on every element. */
export function launchUnary(code: number, x: Tensor, alpha: number = 0, beta: number = 0): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() === 0) return out;
  const walk = walkOver(x.shape, [x]);
  const { operands, rank, shape, strides } = walk;
  x.device.run(
    'unary',
    { x: operands[0]!.storage.buffer, out: out.storage.buffer },
    {
      size: out.numel(),
      offset: operands[0]!.offset,
      alpha,
      beta,
      shape,
      strides: strides[0]!,
    },
    { OPERATION: code, RANK: rank },
  );
  freeCopies(walk);
  return settled(out, walk);
}

function pairVariant(OPERATION: number, RANK: number, { Element, FLOATING }: ElementKind): Variant<'binary'> {
  return { OPERATION, RANK, Element, FLOATING };
}

/** Runs a kernel of two broadcast operands, `binary` or `compare`. */
export function launchPair(
  kernel: 'binary' | 'compare',
  code: number,
  a: Tensor,
  b: Tensor,
  shape: Shape,
  dtype: DType,
  alpha: number = 0,
): Tensor {
  const out = empty(shape, { dtype, device: a.device });
  if (out.numel() === 0) return out;
  const walk = walkOver(shape, [a, b]);
  const [left, right] = walk.operands as [Tensor, Tensor];
  a.device.run(
    kernel,
    { a: left.storage.buffer, b: right.storage.buffer, out: out.storage.buffer },
    {
      size: out.numel(),
      aOffset: left.offset,
      bOffset: right.offset,
      ...(kernel === 'binary' && { alpha }),
      shape: walk.shape,
      aStrides: walk.strides[0]!,
      bStrides: walk.strides[1]!,
    },
    // Truth values are 0 or 1 in either integer type.
    pairVariant(code, walk.rank, elementOf(a.dtype === 'bool' ? 'int32' : a.dtype)),
  );
  freeCopies(walk);
  return settled(out, walk);
}
