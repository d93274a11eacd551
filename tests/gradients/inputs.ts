import { type Backend, tensor } from '../../src/index.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Floating } from './cases.ts';

/** Where an input's values come from; the same for every backend. */
export interface Input {
  shape: readonly number[];
  kind: 'float' | 'int32' | 'bool';
  /** The value of an element; `random` gives numbers in [0, 1). */
  value: (element: number, random: () => number) => number;
}

/** Makes an input; float inputs hold float32 values, require gradients and have the dtype asked for. */
export function realise(
  { shape, kind, value }: Input,
  seed: number,
  device: Backend,
  floating: Floating,
): Tensor {
  const random = generator(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Array.from({ length: size }, (_, element) => value(element, random));
  if (kind !== 'float') return tensor(Int32Array.from(values), { shape, dtype: kind, device });
  const rounded = Float32Array.from(values);
  return tensor(rounded, { shape, dtype: floating, device, requiresGrad: true });
}

/** Numbers in [0, 1), the same for a seed (Mulberry32). */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) * 2 ** -32;
  };
}

/** Uniform numbers in [low, high). */
export function between(low: number, high: number, shape: readonly number[]): Input {
  return { shape, kind: 'float', value: (_, random) => low + (high - low) * random() };
}

/** Uniform numbers in [-2, 2). */
export function numbers(...shape: number[]): Input {
  return between(-2, 2, shape);
}

/** Uniform numbers in [0.3, 2.3): for logarithms, roots and divisors. */
export function positives(...shape: number[]): Input {
  return between(0.3, 2.3, shape);
}

/** Numbers in [-2, 2) that keep a distance of 0.05 from every multiple of `spacing`, where there are kinks. */
export function betweenKinks(spacing: number, ...shape: number[]): Input {
  const value = (_: number, random: () => number): number => {
    const cell = Math.floor((random() * 4 - 2) / spacing);
    return cell * spacing + 0.05 + random() * (spacing - 0.1);
  };
  return { shape, kind: 'float', value };
}

/** Numbers of which no two are nearer than 0.01, in random order: no ties, and no kinks between them. */
export function distinct(...shape: number[]): Input {
  const size = shape.reduce((product, length) => product * length, 1);
  // A step coprime to the size visits every place once.
  const step = [7919, 104_729, 1].find((candidate) => size % candidate !== 0 || candidate === 1)!;
  return { shape, kind: 'float', value: (element) => ((element * step) % size) * 0.01 - size * 0.005 };
}

/** Whole numbers from low to high - 1, int32. */
export function integers(low: number, high: number, ...shape: number[]): Input {
  return { shape, kind: 'int32', value: (_, random) => low + Math.floor((high - low) * random()) };
}

export function booleans(...shape: number[]): Input {
  return { shape, kind: 'bool', value: (_, random) => Number(random() < 0.5) };
}

/** Given values, over and over. */
export function given(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { shape, kind: 'float', value: (element) => values[element % values.length]! };
}

/** Given whole numbers, int32. */
export function indices(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { shape, kind: 'int32', value: (element) => values[element % values.length]! };
}

/** NaN, infinities, zeros of both signs, and numbers of both signs. */
export const SPECIAL: readonly number[] = [NaN, Infinity, -Infinity, 0, -0, 1.5, -1.5];
