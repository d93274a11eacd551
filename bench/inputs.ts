import { CLASSES, IMAGE, type Parameter, parametersOf, PIXELS } from './networks.ts';
import type { NetworkWorkload } from './workloads.ts';

/**
 * Numbers that every contender makes for itself and that are the same everywhere, PyTorch's worker included. Element i
 * of stream s is a hash of 2²⁴·s + i, so that they can be made in any order. Hash: mulberry32 by Tommy Ettinger.
 */
function bits(stream: number, index: number): number {
  let hash = Math.imul(stream * 2 ** 24 + index + 1, 0x6d2b79f5);
  hash = Math.imul(hash ^ (hash >>> 15), hash | 1);
  hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
  return (hash ^ (hash >>> 14)) >>> 0;
}

/** Uniform numbers in [low, high). */
export function uniform(
  stream: number,
  count: number,
  low: number = -1,
  high: number = 1,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, index) => low + (high - low) * (bits(stream, index) / 2 ** 32),
  );
}

/** Uniform whole numbers from 0 to below − 1. */
export function integers(stream: number, count: number, below: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: count }, (_, index) => bits(stream, index) % below);
}

/** Streams of the inputs; a network's parameters take those from `PARAMETERS` on. */
export const LEFT = 1;
export const RIGHT = 2;
export const LABELS = 3;
const PARAMETERS = 8;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Elements that stand for a whole result: at most 64, spread evenly. */
export function sample(values: ArrayLike<number>): number[] {
  const count = Math.min(64, values.length);
  return Array.from({ length: count }, (_, index) => values[Math.floor((index * values.length) / count)]!);
}

interface Values {
  readonly values: Float32Array<ArrayBuffer>;
  readonly shape: number[];
}

/** A training's one batch, or each of an evaluation's, and the first parameters, in PyTorch's layouts. */
export interface NetworkInputs {
  readonly images: Values;
  readonly labels: Int32Array<ArrayBuffer>;
  readonly parameters: readonly Values[];
}

export function networkInputs(workload: NetworkWorkload): NetworkInputs {
  const { network, batch } = workload;
  const shape = network === 'mlp' ? [batch, PIXELS] : [batch, 1, IMAGE, IMAGE];
  const parameter = ({ shape, fanIn }: Parameter, index: number): Values => {
    const bound = 1 / Math.sqrt(fanIn);
    return { values: uniform(PARAMETERS + index, sizeOf(shape), -bound, bound), shape: [...shape] };
  };
  return {
    images: { values: uniform(LEFT, batch * PIXELS, 0, 1), shape },
    labels: integers(LABELS, batch, CLASSES),
    parameters: parametersOf(workload).map(parameter),
  };
}
