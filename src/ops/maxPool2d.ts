import type { Variant } from '../backend/backend.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { BOOLEAN, PAIR, TENSOR } from '../tensor/kinds.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Gradients, withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import {
  type Pair,
  reach,
  tile,
  tilesOf,
  type WindowOptions,
  type Windows,
  windowsOf,
} from './support/pooling.ts';

/** Options of `maxPool2d`. */
export interface MaxPoolOptions extends WindowOptions {
  /** The step between two places of a window; 1 by default. */
  dilation?: Pair;
}

/** The windows of `maxPool2d`: in this order, or the last of them by name. */
export type MaxPoolArguments =
  | [options: MaxPoolOptions]
  | [kernelSize: Pair, options?: Maybe<Omit<MaxPoolOptions, 'kernelSize'>>]
  | [
      kernelSize: Pair,
      stride: Maybe<Pair>,
      padding?: Maybe<Pair>,
      dilation?: Maybe<Pair>,
      ceilMode?: Maybe<boolean>,
    ];

const takes = signature<MaxPoolOptions>(
  'maxPool2d',
  { input: TENSOR },
  { kernelSize: PAIR, stride: PAIR, padding: PAIR, dilation: PAIR, ceilMode: BOOLEAN },
);

/**
 * The maximum over each window of an image.
 *
 *     out[n, c, i, j] = max_{r, s} input[n, c, i·stride + r·dilation - padding, j·stride + s·dilation - padding]
 *
 * The gradient of a window goes to its maximum: to the first of equal elements in row-major order, or to the last NaN.
 *
 * Source: PyTorch's torch.nn.functional.max_pool2d.
 *
 * @param input float32 [N, C, H, W] or [C, H, W]; N may be 0
 * @param options.padding counts as -Infinity
 * @returns [N, C, H', W'] or [C, H', W'] with H' = ⌊(H + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1; in
 *   ceil mode ⌈ ⌉, without windows that start past the image and the padding before it; W' likewise
 * @throws ShapeError if the input is not an image, or smaller than the window
 * @throws ArgumentError for sizes that are not integers, and for padding of more than half the kernel size
 * @example
 * maxPool2d(images, 2); // half the height and width
 */
export function maxPool2d(input: Tensor, ...rest: MaxPoolArguments): Tensor {
  const windows = windowsOf('maxPool2d', input, takes([input, ...rest]));
  const out = empty(windows.shape, { dtype: input.dtype, device: input.device });
  const positions = empty(windows.shape, { dtype: 'int32', device: input.device });
  if (out.numel() > 0) {
    const images = dense(input);
    const { y, x } = windows;
    input.device.run(
      'maxPool',
      { x: images.storage.buffer, out: out.storage.buffer, positions: positions.storage.buffer },
      { size: out.numel(), offset: images.offset },
      {
        ...sharedConstants(windows),
        WINDOW_HEIGHT: y.window,
        WINDOW_WIDTH: x.window,
        DILATION_Y: y.dilation,
        DILATION_X: x.dilation,
      },
    );
    freeCopy(images, input);
  }
  const { shape } = input;
  const rule = (gradient: Tensor, kept: Tensor): Gradients => [() => spread(gradient, kept, windows, shape)];
  withGradient('maxPool2d', out, [input], [positions], rule, windows);
  positions.dispose();
  return out;
}

/** Adds each window's gradient at its maximum's position. Linear, so its own gradient picks from there. */
function spread(gradient: Tensor, positions: Tensor, windows: Windows, shape: Shape): Tensor {
  const out = empty(shape, { dtype: gradient.dtype, device: gradient.device });
  if (out.numel() > 0) {
    const source = dense(gradient);
    const { y, x } = windows;
    gradient.device.run(
      'maxPoolGradient',
      { gradient: source.storage.buffer, positions: positions.storage.buffer, out: out.storage.buffer },
      { tiles: windows.planes * tilesOf(y) * tilesOf(x), offset: source.offset },
      {
        ...sharedConstants(windows),
        REACH_Y: reach(y),
        REACH_X: reach(x),
        TILE_HEIGHT: tile(y),
        TILE_WIDTH: tile(x),
      },
    );
    freeCopy(source, gradient);
  }
  return withGradient('maxPool2dGradient', out, [gradient], [positions], (gg, kept) => [
    () => pick(gg, kept, windows),
  ]);
}

/** The elements at the maxima's positions. */
function pick(x: Tensor, positions: Tensor, windows: Windows): Tensor {
  const out = empty(windows.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const source = dense(x);
    const places = windows.y.outputs * windows.x.outputs;
    x.device.run(
      'gather',
      { x: source.storage.buffer, indices: positions.storage.buffer, out: out.storage.buffer },
      {
        size: out.numel(),
        length: windows.y.length * windows.x.length,
        count: places,
        inner: 1,
        offset: source.offset,
        indexOffset: 0,
        outerStride: places,
        countStride: 1,
        innerStride: 0,
        outside: 0,
      },
    );
    freeCopy(source, x);
  }
  const { shape } = x;
  return withGradient('maxPool2dPick', out, [x], [positions], (gradient, kept) => [
    () => spread(gradient, kept, windows, shape),
  ]);
}

function sharedConstants({ y, x }: Windows): Variant<'maxPool'> & Variant<'maxPoolGradient'> {
  return {
    HEIGHT: y.length,
    WIDTH: x.length,
    OUT_HEIGHT: y.outputs,
    OUT_WIDTH: x.outputs,
    STRIDE_Y: y.stride,
    STRIDE_X: x.stride,
    PADDING_Y: y.padding,
    PADDING_X: x.padding,
  };
}
