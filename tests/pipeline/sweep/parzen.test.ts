import { describe, expect, it } from 'vitest';
import { ChoiceEstimate, type Estimate, NumberEstimate } from '../../../src/pipeline/sweep/search/parzen.ts';

// The expected densities are those of _ParzenEstimator in Optuna 5.0.0, with the defaults of its TPESampler.
const { log } = Math;
const forty = Array.from({ length: 40 }, (_, index) => ((index * 7919) % 97) / 97);
const choices = [...Array.from({ length: 10 }, (_, index) => index % 3), ...Array<number>(25).fill(1)];

describe('an estimate', () => {
  it.each<[string, Estimate, number[], number[]]>([
    [
      'of few numbers',
      new NumberEstimate([0.2, 0.9, 0.3], 0, 1),
      [0, 0.25, 0.9, 1],
      [-0.046164538840018476, 0.26449514683146824, -0.2856305331521988, -0.34808119557574435],
    ],
    [
      'of one number',
      new NumberEstimate([0.2], 0, 1),
      [0, 0.25, 0.9, 1],
      [0.008846912606699897, 0.06802835115124972, -0.14241463071879112, -0.21893498494037777],
    ],
    [
      'of no number',
      new NumberEstimate([], 0, 4),
      [0, 2, 4],
      [-1.470316560628941, -1.345316560628941, -1.470316560628941],
    ],
    [
      'of many numbers, of which the oldest count less',
      new NumberEstimate(forty, 0, 1),
      [0, 0.25, 0.9, 1],
      [0.00654663003576178, -0.021706466594257345, 0.11621424557827553, -0.6077472727011526],
    ],
    [
      'of whole numbers',
      new NumberEstimate([2, 2, 4], 1, 5, 1),
      [1, 2, 3, 4, 5],
      [
        -1.6362834702749696, -1.3389007812291234, -1.4444585656143338, -1.7386277349120942,
        -2.028529039680252,
      ],
    ],
    [
      'of logarithms',
      new NumberEstimate([3e-4, 2e-3, 1e-3].map(log), log(1e-4), log(1e-2)),
      [1e-4, 1e-3, 1e-2].map(log),
      [-2.029499126840925, -1.2350734427880516, -2.4080893254750095],
    ],
    [
      'of choices',
      new ChoiceEstimate([0, 2, 2], 3),
      [0, 1, 2],
      [-1.0986122886681098, -1.6582280766035324, -0.7419373447293772],
    ],
    [
      'of many choices',
      new ChoiceEstimate(choices, 3),
      [0, 1, 2],
      [-2.33826468272051, -0.2015597703598977, -2.452822792402025],
    ],
  ])('%s has the density that Optuna has', (_, estimate, at, expected) => {
    for (const [index, value] of at.entries()) {
      expect(estimate.logDensity(value)).toBeCloseTo(expected[index]!, 12);
    }
  });

  it('gives samples within its range, in the density’s proportions', () => {
    const estimate = new NumberEstimate([0.2, 0.25], 0, 1);
    const samples = Array.from({ length: 2000 }, (_, index) => estimate.sample((index + 0.5) / 2000));
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...samples)).toBeLessThanOrEqual(1);
    for (const [from, to] of [
      [0, 0.1],
      [0.2, 0.3],
      [0.7, 1],
    ] as const) {
      const share = samples.filter((sample) => sample >= from && sample < to).length / 2000;
      const steps = Array.from({ length: 1000 }, (_, index) => from + ((index + 0.5) / 1000) * (to - from));
      const mass = steps.reduce((sum, x) => sum + Math.exp(estimate.logDensity(x)), 0) * ((to - from) / 1000);
      expect(share).toBeCloseTo(mass, 2);
    }
    const counts = [0, 0, 0];
    const choice = new ChoiceEstimate([2, 2], 3);
    for (let index = 0; index < 900; index++) counts[choice.sample((index + 0.5) / 900)]!++;
    for (const [index, count] of counts.entries()) {
      expect(count / 900).toBeCloseTo(Math.exp(choice.logDensity(index)), 2);
    }
    expect(choice.sample(1 - 2 ** -53)).toBe(2);
    expect(estimate.sample(1 - 2 ** -53)).toBeLessThanOrEqual(1);
  });
});
