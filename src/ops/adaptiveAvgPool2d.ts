import { kindOf, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { nullable, PAIR, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { averageWindows } from './support/averageWindows.ts';
import { type Axis, imagesOf, LARGEST_TILE } from './support/pooling.ts';

/** A height and width; null keeps that of the input. */
export type AdaptiveSize = number | null | readonly [number | null, number | null];

const takes = signature('adaptiveAvgPool2d', { input: TENSOR, size: nullable(PAIR) });

/**
 * The means over windows that divide an image into `size` parts, as evenly as integers allow.
 *
 *     out[n, c, i, j] = the mean over rows ⌊i·H / H'⌋ … ⌈(i + 1)·H / H'⌉ - 1, and columns likewise
 *
 * If the sizes are not divisible, windows overlap by one place.
 *
 * Source: PyTorch's torch.nn.functional.adaptive_avg_pool2d.
 *
 * @param input float32 [N, C, H, W] or [C, H, W]
 * @param size the output's height and width, or one number for both; null keeps the input's
 * @returns [N, C, H', W'] or [C, H', W']
 * @throws ShapeError if the input is not an image, or H or W is 0
 * @throws ArgumentError for sizes that are not integers
 * @example
 * adaptiveAvgPool2d(images, 1); // the mean of each channel
 */
export function adaptiveAvgPool2d(input: Tensor, size: AdaptiveSize): Tensor {
  takes(arguments);
  const { planes, sizes, lead } = imagesOf('adaptiveAvgPool2d', input);
  const wanted = typeof size === 'object' && size !== null ? size : [size, size];
  const outputs = sizes.map((length, axis) => wanted[axis] ?? length);
  const valid = wanted.length === 2 && outputs.every((each) => Number.isSafeInteger(each) && each >= 0);
  if (!valid) {
    throw new ArgumentError('adaptiveAvgPool2d', 'invalid size', {
      takes: 'an integer or null, or two of them',
      got: kindOf(size),
    });
  }
  if (sizes.includes(0)) {
    throw new ShapeError('adaptiveAvgPool2d', 'no elements to pool', {
      takes: 'an input with height and width > 0',
      got: `input ${describe(input)}`,
    });
  }
  if (outputs.every((each) => each === 1)) return scope(() => input.mean([-2, -1], true));
  const regular = sizes.every((length, axis) => outputs[axis]! > 0 && length % outputs[axis]! === 0);
  const [y, x] = sizes.map((length, axis) => axisOfParts(length, outputs[axis]!, regular)) as [Axis, Axis];
  const windows = { y, x, planes, shape: [...lead, y.outputs, x.outputs] };
  return averageWindows('adaptiveAvgPool2d', input, windows, { adaptive: !regular });
}

/** Windows as long as the step between them, or as long as the longest if the step varies. */
function axisOfParts(length: number, outputs: number, regular: boolean): Axis {
  const window = outputs === 0 ? 1 : regular ? length / outputs : longestPart(length, outputs);
  // Irregular windows do not fit tiles. A stride above the largest makes tiles of one place.
  const stride = regular ? window : LARGEST_TILE + 1;
  return { length, outputs, window, stride, padding: 0, dilation: 1 };
}

function longestPart(length: number, outputs: number): number {
  let longest = 1;
  for (let i = 0; i < outputs; i++) {
    const part = Math.ceil(((i + 1) * length) / outputs) - Math.floor((i * length) / outputs);
    longest = Math.max(longest, part);
  }
  return longest;
}
