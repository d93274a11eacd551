import { empty } from './create.ts';
import { broadcastStrides, mergeAxes, padFront, sizeOf, stridesOf } from './shape.ts';
import type { Layout, Tensor } from './tensor.ts';

type Quad = readonly [number, number, number, number];

/** The copy kernel walks this many axes; further ones are a launch for each index. */
const AXES = 4;

/** Copies elements into a layout of `target`'s storage, whatever the two layouts' strides. */
export function copyInto(x: Tensor, target: Tensor, layout: Layout = target): void {
  if (sizeOf(layout.shape) === 0) return;
  const { shape, strides } = mergeAxes(layout.shape, [
    broadcastStrides(x.shape, x.strides, layout.shape),
    layout.strides,
  ]);
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
    for (let i = 0; i < shape[0]!; i++) {
      const rest: [number[], number[]] = [xStrides.slice(1), outStrides.slice(1)];
      copyAxes(x, target, shape.slice(1), rest, xOffset + i * xStrides[0]!, outOffset + i * outStrides[0]!);
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
      shape: padFront(shape, AXES, 1) as unknown as Quad,
      xStrides: padFront(xStrides, AXES, 0) as unknown as Quad,
      outStrides: padFront(outStrides, AXES, 0) as unknown as Quad,
    },
    { RANK: Math.max(1, shape.length), Element: x.dtype === 'float16' ? 'f16' : 'u32' },
  );
}

/** The tensor itself if its elements lie row-major without gaps, else a copy that does; no gradient is recorded. */
export function dense(x: Tensor): Tensor {
  if (x.isContiguous()) return x;
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  copyInto(x, out, { shape: x.shape, strides: stridesOf(x.shape), offset: 0 });
  return out;
}

/** Frees what `dense` made of x, if that is not x itself. */
export function freeCopy(copy: Tensor, x: Tensor): void {
  if (copy !== x) copy.dispose();
}
