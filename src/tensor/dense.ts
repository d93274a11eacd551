import { empty } from './create.ts';
import { ArgumentError, DTypeError } from './errors.ts';
import { broadcastStrides, inOrder, mergeAxes, padFront, sameShape, sizeOf, stridesOf } from './shape.ts';
import { describe, type Layout, type Tensor } from './tensor.ts';

/** The copy kernel handles this many axes. For more axes there is one launch per index of the shortest ones. */
const AXES = 4;

/**
 * Copies elements into a layout of `target`'s storage. Both layouts may have any strides. A copy within one buffer, which no
 * kernel can make, goes through other memory.
 */
export function copyInto(x: Tensor, target: Tensor, layout: Layout = target): void {
  if (sizeOf(layout.shape) === 0) return;
  if (x.dtype === 'uint8') {
    throw new DTypeError('copy', 'no uint8', {
      takes: 'float32, float64, int32, bool or float16 (convert with to(dtype))',
      got: describe(x),
    });
  }
  if (x.storage.buffer === target.storage.buffer) {
    if (isSame(x, layout)) return;
    const copy = copyOf(x);
    copyInto(copy, target, layout);
    copy.dispose();
    return;
  }
  // In the order of the destination's memory.
  const order = layout.shape.map((_, axis) => axis);
  order.sort((left, right) => Math.abs(layout.strides[right]!) - Math.abs(layout.strides[left]!));
  const { shape, strides } = mergeAxes(
    inOrder(layout.shape, order),
    [broadcastStrides(x.shape, x.strides, layout.shape), layout.strides].map((each) => inOrder(each, order)),
  );
  copyAxes(x, target, shape, strides as [number[], number[]], x.offset, layout.offset);
}

function copyAxes(
  x: Tensor,
  target: Tensor,
  shape: readonly number[],
  [xStrides, outStrides]: readonly [readonly number[], readonly number[]],
  xOffset: number,
  outOffset: number,
): void {
  if (shape.length > AXES) {
    const length = Math.min(...shape);
    const axis = shape.indexOf(length);
    const [xStep, outStep] = [xStrides[axis]!, outStrides[axis]!];
    const [rest, xRest, outRest] = [shape, xStrides, outStrides].map((each) => each.toSpliced(axis, 1)) as [
      number[],
      number[],
      number[],
    ];
    for (let i = 0; i < length; i++) {
      copyAxes(x, target, rest, [xRest, outRest], xOffset + i * xStep, outOffset + i * outStep);
    }
    return;
  }
  x.device.run(
    'copy',
    { x: x.storage.buffer, out: target.storage.buffer },
    {
      size: sizeOf(shape),
      xOffset,
      outOffset,
      shape: padFront(shape, AXES, 1),
      xStrides: padFront(xStrides, AXES, 0),
      outStrides: padFront(outStrides, AXES, 0),
    },
    { RANK: Math.max(1, shape.length), Element: x.dtype === 'float16' ? 'f16' : 'u32' },
  );
}

/**
 * Copies tensors into others of the same shapes. No copy sees what another has written, so that two tensors can change
 * places.
 *
 * @throws ArgumentError for a target in which several elements share memory; nothing changes then
 */
export function copyAll(sources: readonly Tensor[], targets: readonly Tensor[]): void {
  const expanded = targets.find(overlaps);
  if (expanded) {
    throw new ArgumentError('copy', 'several elements of the destination share memory', {
      takes: 'a destination that is neither expanded nor windows that overlap; use clone()',
      got: describe(expanded),
    });
  }
  const written = new Set(targets.map(({ storage }) => storage.buffer));
  const apart = sources.map((x, index) => {
    const { buffer } = x.storage;
    if (!written.has(buffer)) return x;
    const target = targets[index]!;
    return buffer === target.storage.buffer && isSame(x, target) ? x : copyOf(x);
  });
  targets.forEach((target, index) => {
    copyInto(apart[index]!, target);
    freeCopy(apart[index]!, sources[index]!);
  });
}

/** Whether several elements share memory: an axis steps over no more than those of smaller steps reach. */
function overlaps({ shape, strides }: Layout): boolean {
  const axes = strides.map((stride, axis) => [Math.abs(stride), shape[axis]!] as const);
  let reach = 0;
  return axes
    .filter(([, size]) => size > 1)
    .sort(([left], [right]) => left - right)
    .some(([stride, size]) => {
      const shares = stride <= reach;
      reach += stride * (size - 1);
      return shares;
    });
}

/** Whether the elements of a tensor lie in a layout of its buffer. */
function isSame(x: Tensor, { shape, strides, offset }: Layout): boolean {
  return x.offset === offset && sameShape(x.shape, shape) && sameShape(x.strides, strides);
}

/** Returns the tensor itself if its elements are row-major without gaps, otherwise such a copy. Records no gradient. */
export function dense(x: Tensor): Tensor {
  return x.isContiguous() ? x : copyOf(x);
}

/** A row-major copy. Records no gradient. */
export function copyOf(x: Tensor): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  copyInto(x, out, { shape: x.shape, strides: stridesOf(x.shape), offset: 0 });
  return out;
}

/** Frees the result of `dense(x)`, unless it is x itself. */
export function freeCopy(copy: Tensor, x: Tensor): void {
  if (copy !== x) copy.dispose();
}
