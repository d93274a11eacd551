// Convolution and pooling of sequences: images of height 1.

import { type Maybe, signature } from '../tensor/arguments.ts';
import { ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, either, INTEGER, oneOf, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { conv2d } from './conv2d.ts';
import { maxPool2d } from './maxPool2d.ts';

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** Places between two positions of the filter; 1 by default. */
  stride?: Maybe<number>;
  /** Zeros on both sides. 'valid', the default, is none; 'same' keeps the length and requires a stride of 1. */
  padding?: Maybe<number | 'same' | 'valid'>;
  /** Places between two elements of the filter; 1 by default. */
  dilation?: Maybe<number>;
  /** The number of groups of channels; each filter reads one group. 1 by default. */
  groups?: Maybe<number>;
}

/** Options of `maxPool1d`. */
export interface MaxPool1dOptions {
  /** The step between two windows; the kernel size by default. */
  stride?: Maybe<number>;
  /** Places added on each side, at most half the kernel size; 0 by default. */
  padding?: Maybe<number>;
  /** The step between two places of a window; 1 by default. */
  dilation?: Maybe<number>;
  /** Whether the last window may extend past the padding; false by default. */
  ceilMode?: Maybe<boolean>;
}

type Checked<Options> = { [Name in keyof Options]?: Exclude<Options[Name], null | undefined> };

const convArguments = signature<Checked<Conv1dOptions> & { bias?: Tensor }>(
  'conv1d',
  { input: TENSOR, weight: TENSOR },
  {
    bias: TENSOR,
    stride: INTEGER,
    padding: either(INTEGER, oneOf('same', 'valid')),
    dilation: INTEGER,
    groups: INTEGER,
  },
);
const poolArguments = signature<Checked<MaxPool1dOptions>>(
  'maxPool1d',
  { input: TENSOR, kernelSize: INTEGER },
  { stride: INTEGER, padding: INTEGER, dilation: INTEGER, ceilMode: BOOLEAN },
);

/**
 * The convolution of sequences with a bank of filters: `conv2d` of images of height 1.
 *
 * @param input [N, C, L], or [C, L] for one sequence
 * @param weight [M, C / groups, K]
 * @param rest bias [M], or null; then stride, padding, dilation and groups, in order or by name
 * @returns [N, M, L'] or [M, L'] with L' = ⌊(L + 2 padding - dilation (K - 1) - 1) / stride⌋ + 1
 * @throws ShapeError if the sizes do not fit
 * @example
 * conv1d(randn(2, 3, 10), randn(4, 3, 5), null, { padding: 2 }); // float32[2, 4, 10]
 */
export function conv1d(
  input: Tensor,
  weight: Tensor,
  ...rest:
    | [bias?: Maybe<Tensor>, options?: Maybe<Conv1dOptions>]
    | [options: Conv1dOptions & { bias?: Maybe<Tensor> }]
    | [
        bias: Maybe<Tensor>,
        stride: Maybe<number>,
        padding?: Maybe<number | 'same' | 'valid'>,
        dilation?: Maybe<number>,
        groups?: Maybe<number>,
      ]
): Tensor {
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1 } = convArguments([input, weight, ...rest]);
  checkSequences('conv1d', input, weight);
  return scope(() =>
    conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, {
      stride: [1, stride],
      padding: typeof padding === 'number' ? [0, padding] : padding,
      dilation: [1, dilation],
      groups,
    }).squeeze(-2),
  );
}

/**
 * The maximum over each window of a sequence: see `maxPool2d`.
 *
 * @param input [N, C, L] or [C, L]
 * @param rest stride, padding, dilation and ceilMode, in order or by name
 * @throws ShapeError if the input is not a sequence, or shorter than the window
 */
export function maxPool1d(
  input: Tensor,
  kernelSize: number,
  ...rest:
    | [options?: Maybe<MaxPool1dOptions>]
    | [stride: Maybe<number>, padding?: Maybe<number>, dilation?: Maybe<number>, ceilMode?: Maybe<boolean>]
): Tensor {
  const options = poolArguments([input, kernelSize, ...rest]);
  const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  checkSequences('maxPool1d', input);
  return scope(() =>
    maxPool2d(input.unsqueeze(-2), {
      kernelSize: [1, kernelSize],
      stride: [1, stride],
      padding: [0, padding],
      dilation: [1, dilation],
      ceilMode,
    }).squeeze(-2),
  );
}

function checkSequences(name: string, input: Tensor, weight?: Tensor): void {
  if ([2, 3].includes(input.ndim) && (!weight || weight.ndim === 3)) return;
  throw new ShapeError(name, 'not sequences', {
    takes: `input [N, C, L] or [C, L]${weight ? ', weight [M, C / groups, K]' : ''}`,
    got: `input ${describe(input)}${weight ? `, weight ${describe(weight)}` : ''}`,
  });
}
