import { describe, expect, it } from 'vitest';
import { integers, sample, networkInputs, uniform } from '../../bench/inputs.ts';
import { trainingFlops } from '../../bench/networks.ts';
import { training } from '../../bench/workloads.ts';

describe('inputs', () => {
  it('are the same on every run, spread evenly, and others in another stream', () => {
    const values = uniform(1, 10_000);
    expect(values).toEqual(uniform(1, 10_000));
    expect(values).not.toEqual(uniform(2, 10_000));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(1);
  });

  it('have labels of every class', () => {
    expect(new Set(integers(3, 1000, 10)).size).toBe(10);
  });

  it('have the parameters of the networks', () => {
    const sizes = (network: 'mlp' | 'cnn'): number =>
      networkInputs(training(network)).parameters.reduce((sum, { values }) => sum + values.length, 0);
    expect(sizes('mlp')).toBe(784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
    expect(sizes('cnn')).toBe(9 * 32 + 32 + 9 * 32 * 64 + 64 + 3136 * 128 + 128 + 1280 + 10);
  });

  it('count the operations of a step: no gradient in the images', () => {
    const [first, others] = [784 * 256, 256 * 128 + 1280];
    expect(trainingFlops(training('mlp'))).toBe(2 * 128 * (2 * first + 3 * others));
  });

  it('are sampled evenly', () => {
    expect(sample([1, 2, 3])).toEqual([1, 2, 3]);
    expect(sample(Array.from({ length: 128 }, (_, index) => index)).slice(0, 3)).toEqual([0, 2, 4]);
  });
});
