import { cat, full, type Tensor } from '../src/index.ts';
import { GradientRange } from '../src/tensor/gradientRange.ts';
import { Leaf } from '../src/tensor/tensor.ts';

/** Elements before the view, for one input after the other: few are multiples of four, and neighbours differ. */
const BEFORE = [5, 8, 3, 6, 12, 7];
const AFTER = 9;

/** No number, no index and no label. */
const POISON = { float32: NaN, float64: NaN, int32: 1_000_003 };

/**
 * The same values as a contiguous view that begins in the middle of a buffer. Whoever reads from another place finds
 * poison: NaN, or whole numbers beyond every size, or the opposite of the values.
 *
 * @param index the number of the input, which decides where the view begins
 */
export function placed(x: Tensor, index: number = 0): Tensor {
  const { dtype, device } = x;
  const flat = x.detach().reshape([-1]);
  const size = flat.numel();
  const before = BEFORE[index % BEFORE.length]!;
  const poison = (length: number): Tensor =>
    full([length], dtype === 'bool' ? 0 : POISON[dtype as keyof typeof POISON], { dtype, device });
  const opposite = dtype === 'bool' ? [flat.eq(full([], 0, { dtype, device }))] : [];
  const start = before + size * opposite.length;
  return cat([...opposite, poison(before), flat, poison(AFTER)])
    .slice([start, start + size])
    .reshape(x.shape)
    .detach();
}

/** A strided view of the same values that begins in the middle of a buffer: its axes lie in reverse order. */
export function placedReversed(x: Tensor, index: number = 0): Tensor {
  return reversed(placed(reversed(x).contiguous(), index));
}

/** A view with the axes in reverse order. */
export function reversed(x: Tensor): Tensor {
  return x.permute(x.shape.map((_, axis) => x.ndim - 1 - axis));
}

/**
 * `output.backward(gradient)`, with the gradient as a view in the middle of a buffer: that of a part of what is joined.
 * Its strides are those of a transpose with `strided`.
 */
export function backwardPlaced(output: Tensor, gradient: Tensor, strided: boolean = false): void {
  const { dtype, device } = output;
  const flat = (x: Tensor): Tensor => (strided ? reversed(x) : x).reshape([-1]);
  const within = (x: Tensor, value: number): Tensor => {
    const [before, after] = [BEFORE[0]!, AFTER].map((length) => full([length], value, { dtype, device }));
    return cat([before!, flat(x), after!]);
  };
  within(output, 0).backward(within(gradient, NaN));
}

/** The place of a gradient, in the middle of a buffer of NaN. */
export interface Destination {
  whole: Tensor;
  start: number;
  size: number;
}

/** Gives a leaf a destination for its gradient in the middle of a buffer, as an optimizer does. */
export function placeGradient(leaf: Tensor, index: number = 0): Destination {
  const { dtype, device, source } = leaf;
  if (!(source instanceof Leaf)) throw new Error(`no leaf: ${String(leaf)}`);
  const start = BEFORE[(index + 2) % BEFORE.length]!;
  const size = leaf.numel();
  const whole = full([start + size + AFTER], NaN, { dtype, device });
  source.home = new GradientRange(whole.slice([start, start + size]).reshape(leaf.shape));
  return { whole, start, size };
}

/** Whether something was written next to the gradient. Frees the buffer. */
export async function writtenAround({ whole, start, size }: Destination): Promise<boolean> {
  const values = await whole.data();
  whole.dispose();
  return values.some((value, at) => (at < start || at >= start + size) && !Number.isNaN(value));
}
