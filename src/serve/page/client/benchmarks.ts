import { thousands } from '../../../pipeline/text/numbers.ts';
import { CONFIGURATIONS, type ModelName } from './configurations.ts';

/** What the page measures: a product of two square matrices, or a training step of a network as _Train_ takes it. */
export type Benchmark =
  { readonly kind: 'product'; readonly size: number } | { readonly kind: 'step'; readonly model: ModelName };

export const BENCHMARKS: readonly Benchmark[] = [
  { kind: 'product', size: 256 },
  { kind: 'product', size: 512 },
  { kind: 'product', size: 1024 },
  { kind: 'step', model: 'mlp' },
  { kind: 'step', model: 'cnn' },
];

/** What a table says of a benchmark. */
export function namesOf(benchmark: Benchmark): { readonly title: string; readonly detail: string } {
  if (benchmark.kind === 'product') {
    const { size } = benchmark;
    return { title: 'Matrix product', detail: `${size} × ${size}` };
  }
  const { model } = benchmark;
  return {
    title: `${model.toUpperCase()} training step`,
    detail: `batch of ${CONFIGURATIONS[model].train.batchSize}`,
  };
}

/** Floating-point operations, or images, in a second. */
export function rateOf(benchmark: Benchmark, milliseconds: number): number {
  const work =
    benchmark.kind === 'product' ? 2 * benchmark.size ** 3 : CONFIGURATIONS[benchmark.model].train.batchSize;
  return (1000 * work) / milliseconds;
}

/** The usual figure of a benchmark, and the other one. */
export function figuresOf(benchmark: Benchmark, milliseconds: number): readonly [string, string] {
  const rate = rateOf(benchmark, milliseconds);
  const time = `${threeDigits(milliseconds)} ms`;
  return benchmark.kind === 'product'
    ? [`${threeDigits(rate / 1e9)} GFLOP/s`, time]
    : [time, `${threeDigits(rate)} samples/s`];
}

/** 0.7412 → 0.741, 12345 → 12,300: a measurement is not more exact. */
function threeDigits(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded >= 100 ? thousands(rounded) : value.toPrecision(3);
}
