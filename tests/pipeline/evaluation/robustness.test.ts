import { describe, expect, it } from 'vitest';
import {
  baselineErrors,
  normalisedError,
  robustnessOf,
} from '../../../src/pipeline/evaluation/measures/robustness.ts';
import { sampleReport } from './sampleReport.ts';

const measured = { images: 10, seed: 0 };
const accuracies = new Map([
  ['fog', [0.8, 0.6]],
  ['snow', [0.5, 0.1]],
]);

describe('the mean corruption error', () => {
  it('is the mean of the error rates', () => {
    const { perCorruption, meanCorruptionError } = robustnessOf(accuracies, measured);
    expect(perCorruption.map(({ error }) => error)).toEqual([expect.closeTo(0.3), expect.closeTo(0.7)]);
    expect(meanCorruptionError).toBeCloseTo(0.5, 12);
  });

  it('relative to a baseline is the mean of the ratios', () => {
    const robustness = robustnessOf(accuracies, measured);
    const baseline = robustnessOf(
      new Map([
        ['fog', [0.4, 0.4]],
        ['snow', [0.3, 0.3]],
      ]),
      measured,
    );
    const errors = baselineErrors({ ...sampleReport, robustness: baseline }, ['fog', 'snow'], measured);
    expect(normalisedError(robustness.perCorruption, errors)).toBeCloseTo((0.3 / 0.6 + 0.7 / 0.7) / 2, 12);
  });

  it.each([
    ['without robustness', undefined, ['fog'], 'without --robustness'],
    ['on other images', { ...measured, images: 9 }, ['fog'], 'it takes 10 images'],
    ['with another seed', { ...measured, seed: 1 }, ['fog'], 'with seed 1'],
    ['without a corruption', measured, ['rain'], 'was not evaluated on rain'],
    ['without errors', measured, ['none'], 'makes no error on none'],
  ])('refuses a baseline %s', (_, of, names, expected) => {
    const baseline = {
      ...sampleReport,
      ...(of && { robustness: robustnessOf(new Map([...accuracies, ['none', [1, 1]]]), of) }),
    };
    expect(() => baselineErrors(baseline, names, measured)).toThrow(expected);
  });
});
