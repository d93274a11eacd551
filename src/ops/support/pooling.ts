import { ArgumentError, ShapeError } from '../../tensor/errors.ts';
import { formatShape, type Shape, sizeOf } from '../../tensor/shape.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';
import { checkDtype } from './launch.ts';

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** How windows move over an image. */
export interface WindowOptions {
  /** The window's height and width. */
  kernelSize: Pair;
  /** The step between two windows; the kernel size by default, so windows do not overlap. */
  stride?: Pair;
  /** Places added on each side, at most half the kernel size; 0 by default. */
  padding?: Pair;
  /** Whether the last window may extend past the padding, if it starts inside the image or the padding before it. */
  ceilMode?: boolean;
}

/** Windows along one axis. */
export interface Axis {
  length: number;
  outputs: number;
  window: number;
  stride: number;
  padding: number;
  dilation: number;
}

/** Windows over images. */
export interface Windows {
  y: Axis;
  x: Axis;
  /** Images · channels. */
  planes: number;
  /** The shape after pooling. */
  shape: number[];
}

/**
 * The windows of a pooling operation, by PyTorch's rules.
 *
 *     outputs = ⌊(length + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1
 *
 * In ceil mode ⌈ ⌉, less one if the last window would start past the image and the padding before it.
 */
export function windowsOf(
  name: string,
  input: Tensor,
  options: WindowOptions & { dilation?: Pair },
): Windows {
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  const windows = pairOf(name, 'kernelSize', kernelSize, 1);
  const strides = pairOf(name, 'stride', stride, 1);
  const paddings = pairOf(name, 'padding', padding, 0);
  const dilations = pairOf(name, 'dilation', dilation, 1);
  const { planes, sizes, lead } = imagesOf(name, input);
  if (paddings.some((amount, axis) => amount > windows[axis]! / 2)) {
    throw new ArgumentError(name, 'too much padding', {
      takes: 'padding of at most half the kernel size',
      got: `padding ${formatShape(paddings)}, kernelSize ${formatShape(windows)}`,
    });
  }
  if (input.shape.slice(-3).includes(0)) {
    throw new ShapeError(name, 'no elements to pool', {
      takes: 'input float32[N, C, H, W] or [C, H, W], where only N may be 0',
      got: `input ${describe(input)}`,
    });
  }
  const [y, x] = ([0, 1] as const).map((axis) =>
    axisOfWindows(sizes[axis], windows[axis], strides[axis], paddings[axis], dilations[axis], ceilMode),
  ) as [Axis, Axis];
  if (y.outputs < 1 || x.outputs < 1) {
    throw new ShapeError(name, 'the window is larger than the image', {
      takes: `an image of at least ${[y, x].map(({ window, dilation: d, padding: p }) => Math.max(1, d * (window - 1) + 1 - 2 * p)).join(' × ')}`,
      got: `input ${describe(input)}`,
      where: `kernelSize = ${formatShape(windows)}, padding = ${formatShape(paddings)}, dilation = ${formatShape(dilations)}`,
    });
  }
  if (![y, x].every(everyWindowReaches)) {
    throw new ArgumentError(name, 'a window contains only padding', {
      takes: 'windows that each contain a place of the image',
      got: `input ${describe(input)}, kernelSize ${formatShape(windows)}, padding ${formatShape(paddings)}, dilation ${formatShape(dilations)}`,
    });
  }
  return { y, x, planes, shape: [...lead, y.outputs, x.outputs] };
}

function axisOfWindows(
  length: number,
  window: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): Axis {
  const room = length + 2 * padding - dilation * (window - 1) - 1;
  let outputs = Math.floor((room + (ceilMode ? stride - 1 : 0)) / stride) + 1;
  if (ceilMode && (outputs - 1) * stride >= length + padding) outputs--;
  return { length, outputs, window, stride, padding, dilation };
}

/** Only dilated windows can skip a whole image. */
function everyWindowReaches({ length, outputs, window, stride, padding, dilation }: Axis): boolean {
  if (dilation === 1 || padding === 0) return true;
  const reaches = (start: number): boolean => {
    const inside = start < 0 ? start + Math.ceil(-start / dilation) * dilation : start;
    return inside < length && inside <= start + (window - 1) * dilation;
  };
  for (let output = 0; output < outputs; output++) if (!reaches(output * stride - padding)) return false;
  return true;
}

/** Images as planes: their number, height and width, and the sizes before those. */
export function imagesOf(
  name: string,
  input: Tensor,
): { planes: number; sizes: [number, number]; lead: Shape } {
  checkDtype(name, input, 'float32', 'float64');
  if (input.ndim !== 3 && input.ndim !== 4) {
    throw new ShapeError(name, 'not images', {
      takes: 'input float32[N, C, H, W] or [C, H, W]',
      got: `input ${describe(input)}`,
    });
  }
  const lead = input.shape.slice(0, -2);
  return { planes: sizeOf(lead), sizes: input.shape.slice(-2) as [number, number], lead };
}

/** Two integers from one or two. @param others what else the option takes, for the error */
export function pairOf(
  operation: string,
  name: string,
  value: Pair,
  least: number,
  others: string = '',
): [number, number] {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const fits = pair.length === 2 && pair.every((each) => Number.isSafeInteger(each) && Number(each) >= least);
  if (fits) return [...pair] as [number, number];
  throw new ArgumentError(operation, `invalid ${name}`, {
    takes: `an integer ≥ ${least}, or two of them [height, width]${others}`,
    got: `${name} ${JSON.stringify(value)}`,
  });
}

/** The number of windows that can contain one place. */
export function reach({ window, dilation, stride }: Axis): number {
  return Math.ceil((dilation * (window - 1) + 1) / stride);
}

/** The largest stride that makes a tile. An invocation keeps the sums of a whole tile. */
export const LARGEST_TILE = 4;

/** Places of an axis whose gradients one invocation sums. */
export function tile({ stride }: Axis): number {
  return stride <= LARGEST_TILE ? stride : 1;
}

/** The number of tiles that cover an axis from the start of the padding. */
export function tilesOf(axis: Axis): number {
  return Math.ceil((axis.length + axis.padding) / tile(axis));
}
