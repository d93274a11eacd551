import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { averageWindows } from './support/averageWindows.ts';
import { type WindowOptions, windowsOf } from './support/pooling.ts';

/** Options of `avgPool2d`. */
export interface AvgPoolOptions extends WindowOptions {
  /** Whether padding counts among the places divided by; true by default. */
  countIncludePad?: boolean;
  /** Divided by instead of the number of places. */
  divisorOverride?: number;
}

/**
 * The mean over each window of an image.
 *
 *     out[n, c, i, j] = Σ over r, s of input[n, c, i·stride + r - padding, j·stride + s - padding] / places
 *
 * Padding counts as 0, and among the places unless `countIncludePad` is false; what a window in ceil mode reaches
 * beyond it does not count.
 *
 *     ∂/∂input = the sum of gradient / places over the windows that hold the place, in their order
 *
 * Source: PyTorch's torch.nn.functional.avg_pool2d.
 *
 * @param input float32 [N, C, H, W] or [C, H, W]; N may be 0
 * @returns [N, C, H', W'] or [C, H', W'], with H' = ⌊(H + 2 padding - kernelSize) / stride⌋ + 1, or ⌈ ⌉ in ceil mode
 *          as far as windows start inside the image or the padding before it; W' likewise
 * @throws ShapeError when the input is no image, or smaller than the window
 * @throws ArgumentError for sizes that are not whole, padding of more than half the kernel size, or a divisor of 0
 * @example
 * avgPool2d(images, { kernelSize: 2 }); // half the height and width
 */
export function avgPool2d(input: Tensor, options: AvgPoolOptions): Tensor {
  const { countIncludePad = true, divisorOverride, ...rest } = options;
  if (divisorOverride !== undefined && (!Number.isFinite(divisorOverride) || divisorOverride === 0)) {
    throw new ArgumentError('avgPool2d', 'invalid divisorOverride', {
      takes: 'a finite divisorOverride other than 0',
      got: `divisorOverride ${divisorOverride}`,
    });
  }
  const windows = windowsOf('avgPool2d', input, { ...rest, dilation: 1 });
  return averageWindows('avgPool2d', input, windows, { countIncludePad, divisor: divisorOverride ?? 0 });
}
