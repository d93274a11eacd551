import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, NUMBER, PAIR, TENSOR } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { averageWindows } from './support/averageWindows.ts';
import { type Pair, type WindowOptions, windowsOf } from './support/pooling.ts';

/** Options of `avgPool2d`. */
export interface AvgPoolOptions extends WindowOptions {
  /** Whether the divisor counts padding; true by default. */
  countIncludePad?: boolean;
  /** The divisor, instead of the number of places. */
  divisorOverride?: number;
}

/** The windows of `avgPool2d`: in this order, or the last of them by name. */
export type AvgPoolArguments =
  | [options: AvgPoolOptions]
  | [kernelSize: Pair, options?: Maybe<Omit<AvgPoolOptions, 'kernelSize'>>]
  | [
      kernelSize: Pair,
      stride: Maybe<Pair>,
      padding?: Maybe<Pair>,
      ceilMode?: Maybe<boolean>,
      countIncludePad?: Maybe<boolean>,
      divisorOverride?: Maybe<number>,
    ];

const takes = signature<AvgPoolOptions>(
  'avgPool2d',
  { input: TENSOR },
  {
    kernelSize: PAIR,
    stride: PAIR,
    padding: PAIR,
    ceilMode: BOOLEAN,
    countIncludePad: BOOLEAN,
    divisorOverride: NUMBER,
  },
);

/**
 * The mean over each window of an image.
 *
 *     out[n, c, i, j] = Σ_{r, s} input[n, c, i·stride + r - padding, j·stride + s - padding] / places
 *
 * Padding counts as 0, and as places unless `countIncludePad` is false. In ceil mode the part of a window beyond the
 * padding does not count.
 *
 *     ∂/∂input = the sum of gradient / places over the windows that contain the place, in order
 *
 * Source: PyTorch's torch.nn.functional.avg_pool2d.
 *
 * @param input float32 [N, C, H, W] or [C, H, W]; N may be 0
 * @returns [N, C, H', W'] or [C, H', W'] with H' = ⌊(H + 2 padding - kernelSize) / stride⌋ + 1; in ceil mode ⌈ ⌉,
 *   without windows that start past the image and the padding before it; W' likewise
 * @throws ShapeError if the input is not an image, or smaller than the window
 * @throws ArgumentError for sizes that are not integers, padding of more than half the kernel size, or a divisor of 0
 * @example
 * avgPool2d(images, 2); // half the height and width
 */
export function avgPool2d(input: Tensor, ...rest: AvgPoolArguments): Tensor {
  const { countIncludePad = true, divisorOverride, ...options } = takes([input, ...rest]);
  if (divisorOverride !== undefined && (!Number.isFinite(divisorOverride) || divisorOverride === 0)) {
    throw new ArgumentError('avgPool2d', 'invalid divisorOverride', {
      takes: 'a finite divisorOverride other than 0',
      got: `divisorOverride ${divisorOverride}`,
    });
  }
  const windows = windowsOf('avgPool2d', input, { ...options, dilation: 1 });
  return averageWindows('avgPool2d', input, windows, { countIncludePad, divisor: divisorOverride ?? 0 });
}
