import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brierScore, calibration } from '../../../src/pipeline/evaluation/measures/calibration.ts';
import { confusionMatrix } from '../../../src/pipeline/evaluation/measures/confusion.ts';
import { wilsonInterval } from '../../../src/pipeline/evaluation/measures/interval.ts';
import { mcnemar } from '../../../src/pipeline/evaluation/measures/mcnemar.ts';
import { measure } from '../../../src/pipeline/evaluation/measures/measure.ts';
import { confidentMistakes } from '../../../src/pipeline/evaluation/measures/mistakes.ts';
import { predictedClasses, topKAccuracy } from '../../../src/pipeline/evaluation/measures/ranking.ts';
import { classScores, macroAverage } from '../../../src/pipeline/evaluation/measures/scores.ts';
import type { Predictions } from '../../../src/pipeline/evaluation/predictions.ts';

interface Fixture {
  labels: number[];
  probabilities: number[];
  accuracy: number;
  loss: number;
  top2: number;
  brier: number;
  ece: number;
  mce: number;
  counts: number[];
  confusion: number[][];
  classes: [number, number, number, number][];
  macro: number[];
  weighted: number[];
  wilson: { hits: number; n: number; interval: [number, number] }[];
  mcnemar: {
    onlyFirst: number;
    onlyOther: number;
    exactP: number;
    chiSquared: number;
    chiSquaredP: number;
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/metrics.json', import.meta.url), 'utf8'),
) as Fixture;

/** Predictions from rows of probabilities; rows of the data set count from 100. */
function predictionsOf(labels: number[], rows: number[][]): Predictions {
  const probabilities = Float32Array.from(rows.flat());
  const classes = rows[0]?.length ?? 0;
  return {
    probabilities,
    labels: Int32Array.from(labels),
    losses: Float32Array.from(labels, (label, n) => -Math.log(probabilities[n * classes + label]!)),
    rows: Uint32Array.from(labels, (_, n) => 100 + n),
    classes,
  };
}

const classes = fixture.confusion.length;
const computed = predictionsOf(
  fixture.labels,
  fixture.labels.map((_, n) => fixture.probabilities.slice(n * classes, (n + 1) * classes)),
);

const close = (actual: number, expected: number): void => expect(actual).toBeCloseTo(expected, 12);

describe('as NumPy and SciPy have them', () => {
  const measured = measure(computed, ['a', 'b', 'c', 'd', 'e', 'f']);

  it('accuracy, loss, top 2 and Brier score', () => {
    close(measured.accuracy, fixture.accuracy);
    close(measured.top2, fixture.top2);
    close(measured.brier, fixture.brier);
    // The losses are float32.
    expect(measured.loss).toBeCloseTo(fixture.loss, 6);
  });

  it('confusion and scores, of a class that is never predicted, too', () => {
    expect(measured.confusion).toEqual(fixture.confusion);
    measured.classes.forEach(({ precision, recall, f1, support }, c) => {
      const [p, r, f, images] = fixture.classes[c]!;
      close(precision, p);
      close(recall, r);
      close(f1, f);
      expect(support).toBe(images);
    });
    expect(measured.classes.at(-1)).toMatchObject({ precision: 0, recall: 0, f1: 0 });
    for (const key of ['macro', 'weighted'] as const) {
      const { precision, recall, f1 } = measured[key];
      [precision, recall, f1].forEach((score, at) => close(score, fixture[key][at]!));
    }
  });

  it('calibration', () => {
    close(measured.ece, fixture.ece);
    close(measured.mce, fixture.mce);
    expect(measured.reliability.map(({ count }) => count)).toEqual(fixture.counts);
  });

  it.each(fixture.wilson)('Wilson’s interval of $hits in $n', ({ hits, n, interval }) => {
    const [lower, upper] = wilsonInterval(hits, n);
    close(lower, interval[0]);
    close(upper, interval[1]);
  });

  it.each(fixture.mcnemar)('McNemar’s test of $onlyFirst against $onlyOther', (row) => {
    const { onlyFirst: b, onlyOther: c } = row;
    const first = Array.from({ length: b + c + 7 }, (_, n) => n < b || n >= b + c);
    const other = Array.from({ length: b + c + 7 }, (_, n) => n >= b);
    const test = mcnemar(first, other);
    expect(test).toMatchObject({ onlyFirst: b, onlyOther: c, bothRight: 7, bothWrong: 0 });
    expect(test.exactP / row.exactP).toBeCloseTo(1, 8);
    close(test.chiSquared, row.chiSquared);
    expect(Math.abs(test.chiSquaredP - row.chiSquaredP)).toBeLessThan(1e-14);
  });
});

describe('by hand', () => {
  const rows = [
    [0.7, 0.2, 0.1],
    [0.4, 0.4, 0.2],
    [0.1, 0.3, 0.6],
    [0.2, 0.3, 0.5],
  ];

  it('the first of equals is predicted, and ranks first', () => {
    const predictions = predictionsOf([0, 1, 2, 0], rows);
    expect([...predictedClasses(predictions)]).toEqual([0, 0, 2, 2]);
    expect(topKAccuracy(predictions, 1)).toBe(2 / 4);
    expect(topKAccuracy(predictions, 2)).toBe(3 / 4);
    expect(topKAccuracy(predictions, 3)).toBe(1);
  });

  it('rows of the confusion matrix are true classes', () => {
    expect(confusionMatrix([0, 0, 1, 2], [0, 2, 1, 2], 3)).toEqual([
      [1, 0, 1],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('scores of two classes', () => {
    const scores = classScores(
      [
        [3, 1],
        [2, 4],
      ],
      ['cat', 'dog'],
    );
    expect(scores[0]).toEqual({ name: 'cat', precision: 3 / 5, recall: 3 / 4, f1: 6 / 9, support: 4 });
    expect(scores[1]).toEqual({ name: 'dog', precision: 4 / 5, recall: 4 / 6, f1: 8 / 11, support: 6 });
    expect(macroAverage(scores).precision).toBeCloseTo(0.7, 12);
  });

  it('confidences on a bin’s border belong to the bin below', () => {
    const { reliability, ece, mce } = calibration(
      predictionsOf(
        [0, 0, 1],
        [
          [1, 0],
          [0.5, 0.5],
          [0.75, 0.25],
        ],
      ),
      4,
    );
    expect(reliability.map(({ count }) => count)).toEqual([0, 1, 1, 1]);
    expect(reliability[0]).toEqual({ lower: 0, upper: 0.25, count: 0, confidence: null, accuracy: null });
    expect(reliability[1]).toEqual({ lower: 0.25, upper: 0.5, count: 1, confidence: 0.5, accuracy: 1 });
    expect(mce).toBe(0.75);
    close(ece, (0 + 0.5 + 0.75) / 3);
  });

  it('the Brier score goes from 0 to 2', () => {
    expect(brierScore(predictionsOf([1], [[0, 1]]))).toBe(0);
    expect(brierScore(predictionsOf([1], [[1, 0]]))).toBe(2);
    expect(brierScore(predictionsOf([1], [[0.5, 0.5]]))).toBe(0.5);
  });

  it('mistakes come by confidence, with their rows in the data set', () => {
    const mistakes = confidentMistakes(predictionsOf([1, 1, 2, 0], rows));
    expect(mistakes.map(({ row }) => row)).toEqual([100, 103, 101]);
    expect(mistakes[0]).toMatchObject({ label: 1, predicted: 0 });
    expect(mistakes[0]!.confidence).toBeCloseTo(0.7, 6);
    expect(mistakes[0]!.probability).toBeCloseTo(0.2, 6);
    expect(confidentMistakes(predictionsOf([1, 1, 2, 0], rows), 1)).toHaveLength(1);
  });

  it('two classifiers without a discordant image cannot be told apart', () => {
    expect(mcnemar([true, false], [true, false])).toMatchObject({
      exactP: 1,
      chiSquared: 0,
      chiSquaredP: 1,
      difference: 0,
      differenceInterval: [0, 0],
    });
  });
});

describe('laws', () => {
  it('an interval holds its share, and lies within [0, 1]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, part) => {
          const hits = Math.round(part * n);
          const [lower, upper] = wilsonInterval(hits, n);
          expect(lower).toBeGreaterThanOrEqual(0);
          expect(upper).toBeLessThanOrEqual(1);
          expect(lower).toBeLessThanOrEqual(hits / n);
          expect(upper).toBeGreaterThanOrEqual(hits / n);
        },
      ),
    );
  });

  it('every confidence is in the bin whose bounds hold it', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(0.5), max: 1, noNaN: true }), (confidence) => {
        const { reliability } = calibration(predictionsOf([0], [[confidence, 1 - confidence]]));
        const { lower, upper } = reliability.find(({ count }) => count === 1)!;
        expect(confidence > lower && confidence <= upper).toBe(true);
      }),
    );
  });

  it('which of two classifiers is called the first changes no p-value', () => {
    const hits = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1 });
    fc.assert(
      fc.property(hits, (pairs) => {
        const [first, other] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const [there, back] = [mcnemar(first, other), mcnemar(other, first)];
        expect(there.exactP).toBe(back.exactP);
        expect(there.chiSquaredP).toBe(back.chiSquaredP);
        expect(there.difference).toBeCloseTo(-back.difference, 15);
        expect(there.exactP).toBeGreaterThan(0);
        expect(there.exactP).toBeLessThanOrEqual(1);
      }),
    );
  });
});

it('refuses predictions that are not finite, and none at all', () => {
  const broken = predictionsOf(
    [0, 1],
    [
      [0.5, 0.5],
      [NaN, NaN],
    ],
  );
  expect(() => measure(broken, ['a', 'b'])).toThrow('not finite for 1 of 2 images');
  expect(() => measure(predictionsOf([], []), ['a'])).toThrow('no images');
});
