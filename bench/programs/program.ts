// What the programs share: their form, and numbers that the same program in Python makes as well.

import { type nn, tensor, type Tensor } from '../../src/index.ts';
import * as numbers from '../inputs.ts';

/** A training program. */
export interface Program {
  /** What the steps take in turn. */
  readonly batches: readonly Tensor[][];
  /** One step; returns its loss. */
  readonly step: (...batch: Tensor[]) => Tensor;
  /** What the host does after each step. */
  readonly after?: () => void;
}

/** The first stream of the parameters; those of a second model follow from `PARAMETERS + 100` on. */
export const PARAMETERS = 100;

/** `count` batches, each made of its number. */
export function batches(count: number, make: (index: number) => Tensor[]): Tensor[][] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Uniform numbers in [low, high), different in each stream. */
export function uniform(
  stream: number,
  shape: readonly number[],
  low: number = -1,
  high: number = 1,
): Tensor {
  return tensor(numbers.uniform(stream, numbers.sizeOf(shape), low, high), { shape });
}

/** Uniform whole numbers from 0 to below − 1. */
export function integers(stream: number, count: number, below: number): Tensor {
  return tensor(numbers.integers(stream, count, below));
}

/** Gives a model its first parameters: matrices and kernels uniform in ±1/√(fan in), biases 0. */
export function fill(model: nn.Module, stream: number = PARAMETERS): void {
  const state = Object.entries(model.stateDict()).map(([name, value], index) => {
    const fanIn = value.numel() / (value.shape[0] ?? 1);
    if (value.ndim >= 2)
      return [
        name,
        uniform(stream + index, value.shape, -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn)),
      ] as const;
    return [name, name.endsWith('bias') ? value.mul(0) : value.clone()] as const;
  });
  model.loadStateDict(Object.fromEntries(state));
}

const TEXT = 'to be, or not to be, that is the question: whether tis nobler in the mind to suffer '.repeat(
  12,
);
const LETTERS = Array.from(new Set(TEXT)).sort();

/** The number of different characters of the text. */
export const VOCABULARY: number = LETTERS.length;

/** Windows of the text, and the same windows one character later: both int32[rows, length]. */
export function windows(index: number, rows: number, length: number): [Tensor, Tensor] {
  const cut = (later: number): Tensor =>
    tensor(
      Array.from({ length: rows }, (_, row) => {
        const start = ((index * 131 + row * 53) % (TEXT.length - length - 1)) + later;
        return Array.from(TEXT.slice(start, start + length), (letter) => LETTERS.indexOf(letter));
      }),
      { dtype: 'int32' },
    );
  return [cut(0), cut(1)];
}

/** Images of twice the height and width: each pixel becomes four. */
export function upsample(x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return x
    .reshape(n, c, h, 1, w, 1)
    .expand(n, c, h, 2, w, 2)
    .reshape(n, c, 2 * h, 2 * w);
}
