// What evaluations and cards say in their rarer forms, and which values a report takes.
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { calibration } from '../../../src/pipeline/evaluation/measures/calibration.ts';
import { wilsonInterval } from '../../../src/pipeline/evaluation/measures/interval.ts';
import { mcnemar } from '../../../src/pipeline/evaluation/measures/mcnemar.ts';
import { confidentMistakes } from '../../../src/pipeline/evaluation/measures/mistakes.ts';
import { classScores, weightedAverage } from '../../../src/pipeline/evaluation/measures/scores.ts';
import { dvcMetrics } from '../../../src/pipeline/evaluation/report/metricsFile.ts';
import type {
  Comparison,
  EvaluationReport,
  Robustness,
} from '../../../src/pipeline/evaluation/report/report.ts';
import { evaluationSchema } from '../../../src/pipeline/evaluation/report/schema.ts';
import { formatEvaluation } from '../../../src/pipeline/evaluation/report/text.ts';
import { runCard } from '../../../src/pipeline/reporting/cards/runCard.ts';
import type { RunRecords } from '../../../src/pipeline/reporting/cards/runRecords.ts';
import { html } from '../../../src/pipeline/reporting/page/html.ts';
import { flatten, renderPage } from '../../../src/pipeline/reporting/page/page.ts';
import { sampleReport } from './sampleReport.ts';

const robustness: Robustness = {
  images: 8,
  seed: 5,
  perCorruption: [
    { corruption: 'fog', accuracy: [0.5, 0.25], error: 0.625 },
    { corruption: 'snow', accuracy: [0.2, 0.1], error: 0.85 },
    { corruption: 'rain', accuracy: [0.2, 0.1], error: 0.85 },
  ],
  meanCorruptionError: 0.775,
  normalised: { meanCorruptionError: 1.25, baseline: { run: 'base', weightsSha256: 'c'.repeat(64) } },
};
const comparison: Comparison = {
  run: 'other',
  weightsSha256: 'b'.repeat(64),
  images: 1200,
  bothRight: 4,
  onlyFirst: 2,
  onlyOther: 1,
  bothWrong: 3,
  difference: -0.125,
  differenceInterval: [-0.3, 0],
  exactP: 0.0625,
  chiSquared: 1.2346,
  chiSquaredP: 1e-15,
};

describe('values of a report', () => {
  const half = sampleReport.reliability[1]!;
  const mistake = sampleReport.mistakes[0]!;
  it.each<[string, object[], object[]]>([
    ['accuracy', [{ accuracy: 0 }, { accuracy: 1 }], [{ accuracy: -0.01 }, { accuracy: 1.01 }]],
    ['loss', [{ loss: 0 }, { loss: 99 }], [{ loss: -1 }]],
    ['brier', [{ brier: 0 }, { brier: 2 }], [{ brier: 2.01 }, { brier: -0.1 }]],
    ['ece', [{ ece: 1, mce: 1 }], [{ ece: 1.1 }, { mce: 1.1 }]],
    ['parameterCount', [{ parameterCount: 0 }], [{ parameterCount: -1 }, { parameterCount: 1.5 }]],
    ['run', [{ run: 'a' }], [{ run: '' }]],
    [
      'images',
      [],
      [
        { dataset: { ...sampleReport.dataset, images: 0 } },
        { dataset: { ...sampleReport.dataset, split: 'train' } },
      ],
    ],
    ['classes', [], [{ classes: [], confusion: [], mistakes: [] }]],
    [
      'confusion',
      [],
      [
        { confusion: [[1, 2]] },
        { confusion: [[1, 2], [3]] },
        {
          confusion: [
            [1, 2],
            [3, -4],
          ],
        },
      ],
    ],
    [
      'reliability',
      [{ reliability: [half] }],
      [{ reliability: [] }, { reliability: [{ ...half, count: -1 }] }],
    ],
    [
      'mistakes',
      [{ mistakes: [] }, { mistakes: [{ ...mistake, label: 1, predicted: 1 }] }],
      [
        { mistakes: [{ ...mistake, label: 2 }] },
        { mistakes: [{ ...mistake, predicted: 2 }] },
        { mistakes: [{ ...mistake, row: -1 }] },
      ],
    ],
    [
      'robustness',
      [{ robustness }, { robustness: { ...robustness, normalised: undefined } }],
      [
        { robustness: { ...robustness, images: 0 } },
        { robustness: { ...robustness, perCorruption: [] } },
        { robustness: { ...robustness, seed: -1 } },
      ],
    ],
    [
      'comparison',
      [{ comparison }, { comparison: { ...comparison, difference: 1 } }],
      [
        { comparison: { ...comparison, difference: -1.01 } },
        { comparison: { ...comparison, exactP: 1.01 } },
        { comparison: { ...comparison, chiSquared: -1 } },
      ],
    ],
  ])('%s', (_, taken, refused) => {
    const fits = (change: object): boolean =>
      evaluationSchema.safeParse(JSON.parse(JSON.stringify({ ...sampleReport, ...change }))).success;
    for (const change of taken) expect(fits(change), JSON.stringify(change)).toBe(true);
    for (const change of refused) expect(fits(change), JSON.stringify(change)).toBe(false);
  });

  it('for DVC have the mean corruption error where it was measured', () => {
    expect(dvcMetrics(sampleReport)).toEqual({
      accuracy: 0.75,
      accuracyLower: 0.41,
      accuracyUpper: 0.93,
      loss: 0.5,
      top2: 1,
      macro: sampleReport.macro,
      weighted: sampleReport.weighted,
      f1: { cat: 0.75, dog: 0.75 },
      ece: 0.1,
      mce: 0.2,
      brier: 0.3,
    });
    expect(dvcMetrics({ ...sampleReport, robustness })).toMatchObject({ meanCorruptionError: 0.775 });
  });
});

describe('measures', () => {
  it('of no hits, of nothing but hits, and of one image', () => {
    expect(wilsonInterval(0, 5)[0]).toBe(0);
    expect(wilsonInterval(5, 5)[1]).toBe(1);
    const [lower, upper] = wilsonInterval(1, 1, 1);
    // (1 + 1/2 ± 1/2) / 2
    expect([lower, upper]).toEqual([0.5, 1]);
  });

  it('of classes without images', () => {
    const scores = classScores(
      [
        [2, 0],
        [0, 0],
      ],
      ['a'],
    );
    expect(scores).toEqual([
      { name: 'a', precision: 1, recall: 1, f1: 1, support: 2 },
      { name: '1', precision: 0, recall: 0, f1: 0, support: 0 },
    ]);
    expect(weightedAverage(scores)).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(weightedAverage([scores[1]!])).toEqual({ precision: 0, recall: 0, f1: 0 });
  });

  const predictions = (rows: number[][], labels: number[]) => ({
    probabilities: Float32Array.from(rows.flat()),
    losses: new Float32Array(labels.length),
    labels: Int32Array.from(labels),
    rows: Uint32Array.from(labels, (_, at) => 10 - at),
    classes: 2,
  });

  it('of confidences beyond 1 by rounding, and of 0', () => {
    const over = 1.0000001;
    const { reliability, mce } = calibration(
      predictions(
        [
          [over, 0],
          [0, 0],
        ],
        [0, 1],
      ),
      15,
    );
    expect(reliability[14]).toMatchObject({ count: 1, confidence: 1, accuracy: 1 });
    expect(reliability[0]).toMatchObject({ count: 1, confidence: 0, accuracy: 0 });
    expect(mce).toBe(0);
    expect(confidentMistakes(predictions([[over, 0]], [1]))).toMatchObject([
      { confidence: 1, probability: 0 },
    ]);
  });

  it('of mistakes of equal confidence: by their rows; 25 at most', () => {
    const rows = Array.from({ length: 30 }, () => [0.75, 0.25]);
    const mistakes = confidentMistakes({
      ...predictions(rows, new Array<number>(30).fill(1)),
      rows: Uint32Array.from({ length: 30 }, (_, at) => 29 - at),
    });
    expect(mistakes.map(({ row }) => row)).toEqual(Array.from({ length: 25 }, (_, at) => at));
  });

  it('of two classifiers: one discordant image is no evidence', () => {
    const test = mcnemar([true, true, false], [true, false, false]);
    expect(test).toMatchObject({
      images: 3,
      bothRight: 1,
      onlyFirst: 1,
      onlyOther: 0,
      bothWrong: 1,
      exactP: 1,
      chiSquared: 0,
    });
    const spread = (1.959963984540054 * Math.sqrt(1 - 1 / 3)) / 3;
    expect(test.differenceInterval).toEqual([
      expect.closeTo(1 / 3 - spread, 14),
      expect.closeTo(1 / 3 + spread, 14),
    ]);
  });
});

it('an evaluation as text', () => {
  const many: EvaluationReport = {
    ...sampleReport,
    mistakes: Array.from({ length: 11 }, (_, row) => ({ ...sampleReport.mistakes[0]!, row: 100 + row })),
    robustness,
    comparison,
  };
  const lines = formatEvaluation(many)
    .split('\n')
    .map((line) => line.trimEnd());
  expect(lines.slice(0, 9)).toEqual([
    'model        sample, 12 parameters',
    `weights      ${'a'.repeat(64)}`,
    'data         fashion-mnist, 8 test images',
    'device       cpu: by hand',
    '',
    'accuracy     75.00 %, 95 % confidence interval 41.00 % to 93.00 %',
    'top 2        100.00 %',
    'loss         0.5000',
    'calibration  ECE 10.00 %, MCE 20.00 %, Brier score 0.3000',
  ]);
  const text = lines.join('\n');
  expect(text).toContain('true \\ predicted  0  1\n0 cat             3  1\n1 dog             1  3');
  expect(text).toMatch(
    /macro mean +0\.7500 +0\.7500 +0\.7500 +8\nweighted mean +0\.7500 +0\.7500 +0\.7500 +8/,
  );
  // Ten of them.
  expect(text).toMatch(/109 +cat +dog +99\.50 %/);
  expect(text).not.toMatch(/^110 /m);
  expect(text).toContain('accuracy on corrupted images, at severity 1 to 2, 8 images each');
  expect(text).toContain('mean corruption error  77.50 %\nrelative to base  1.2500 (1: as bad as that run)');
  expect(text).toContain('compared with other, on the same 1,200 images');
  expect(text).toMatch(/this one is right +4 +2\nthis one is wrong +1 +3/);
  expect(text).toContain('accuracy     -12.50 points, 95 % confidence interval -30.00 to +0.00');
  expect(text).toContain('exact p = 0.0625; χ² = 1.235 with continuity correction, p = 1.00e-15');
  expect(formatEvaluation({ ...sampleReport, mistakes: [] })).toContain('no image was classified wrongly');
});

describe('the card of a run', () => {
  const records = (changes: Partial<RunRecords> = {}): RunRecords => ({
    configuration: parseConfiguration({ name: 'card', model: { name: 'mlp' }, optimizer: { name: 'adam' } }),
    evaluation: sampleReport,
    summary: { weightsSha256: 'a', device: 'cpu', seed: 3, validation: { accuracy: 0.5, loss: 1 } },
    environment: { node: '20.19.0', git: { commit: 'abc', dirty: false } },
    data: { height: 28, width: 20, classes: ['cat', 'dog'], mean: 0, std: 1, preparation: 'resize' },
    architecture: 'Sequential()',
    receipt: undefined,
    ...changes,
  });
  const own = parseConfiguration({
    name: 'card',
    data: { name: 'mine', format: 'csv', root: 'here' },
    model: { name: 'mlp' },
    optimizer: { name: 'adam' },
  });

  it('names the weakest class, the most frequent mistake, and how sure the mistakes are', () => {
    const text = runCard(
      records({
        evaluation: {
          ...sampleReport,
          classes: [sampleReport.classes[0]!, { ...sampleReport.classes[1]!, f1: 0.5 }],
          confusion: [
            [1, 3],
            [2, 2],
          ],
          mistakes: [0.99, 0.991, 1].map((confidence) => ({ ...sampleReport.mistakes[0]!, confidence })),
        },
      }),
    );
    expect(text).toContain('- The weakest class is dog: F1 0.5000, against a mean of 0.7500.');
    expect(text).toContain('- The most frequent mistake: 3 of 4 images of cat are taken for dog.');
    expect(text).toContain(
      'off by 10.00 % on average; 2 of its 3 most confident mistakes are made with more than 99 %',
    );
    expect(text).toContain('in grey images of 28 × 20 pixels, with 12 parameters');
    expect(text).toContain(
      '| seed | 3 |\n| device | cpu |\n| validation accuracy | 50.00 % |\n| Node | 20.19.0 |\n| commit | abc |',
    );
    const diagonal = {
      ...sampleReport,
      confusion: [
        [4, 0],
        [0, 4],
      ],
    };
    expect(runCard(records({ evaluation: diagonal }))).not.toContain('The most frequent mistake');
  });

  it('says what was not recorded', () => {
    const bare = runCard(
      records({ environment: {}, summary: { weightsSha256: 'a', device: 'cpu', seed: 0, validation: null } }),
    );
    expect(bare).toContain(
      '| validation accuracy | no images were held out |\n| Node | not recorded |\n| commit | not recorded |',
    );
    expect(runCard(records({ environment: { git: { commit: 'abc', dirty: true } } }))).toContain(
      '| commit | abc, with changes |',
    );
    expect(runCard(records())).not.toContain('## Robustness');
  });

  it('has robustness and a comparison where they were measured', () => {
    const text = runCard(records({ evaluation: { ...sampleReport, robustness, comparison } }));
    expect(text).toContain('Accuracy on 8 test images, corrupted with seed 5, in percent:');
    expect(text).toContain('| fog | 50.00 | 25.00 | 62.50 |');
    expect(text).toContain(
      'is 77.50 %. Relative to run `base` it is 1.2500, in which 1 is as bad as that run.',
    );
    // The first of two that are equally bad.
    expect(text).toContain(
      '- Of the corruptions, snow hurts most: 85.00 % of the images are then classified wrongly.',
    );
    expect(text).toContain(
      'Of 1,200 images, this model alone classifies 2 correctly and run `other` alone 1',
    );
    expect(text).toContain('test: p = 0.0625).');
    const { normalised: _, ...plain } = robustness;
    expect(runCard(records({ evaluation: { ...sampleReport, robustness: plain } }))).not.toContain(
      'Relative to',
    );
  });

  it('of own data has neither the licence nor the name of Fashion-MNIST', () => {
    const fashion = runCard(records());
    expect(fashion).toMatch(/^---\nlicense: mit\n/);
    expect(fashion).toContain('datasets:\n  - fashion_mnist');
    expect(fashion).toContain('A classifier of 2 kinds of clothing');
    const dataset = { ...sampleReport.dataset, name: 'mine' };
    const text = runCard(records({ configuration: own, evaluation: { ...sampleReport, dataset } }));
    expect(text).not.toMatch(/^license|^datasets/m);
    expect(text).toContain('type: mine\n');
    expect(text).toContain('A classifier of 2 classes');
    expect(text).toContain('images of mine, from here.');
  });

  it('says what the last verification found', () => {
    const receipt = { reproduced: true, extent: 'run', equalReadings: 4, equalSteps: 20 } as const;
    const said = (changes: object): string => runCard(records({ receipt: { ...receipt, ...changes } }));
    expect(runCard(records())).toContain('The run has not been verified yet.');
    expect(said({})).toContain('found 4 readings, up to step 20, and the weights, equal to the last bit.');
    expect(said({ extent: 'part' })).toContain('found 4 readings, up to step 20, equal to the last bit.');
    expect(said({ reproduced: false })).toContain('did not reproduce the run beyond step 20.');
  });
});

describe('the page of a run', () => {
  it('escapes what it holds', () => {
    const page = renderPage({
      run: '<run> & "x"',
      headline: [['n', "it's"]],
      configuration: 'a: <b>',
      tables: [{ title: 'Data version', rows: [['k', '<v>']] }],
      figures: [{ title: 'A figure: 1', svg: '<svg/>' }],
    });
    expect(page).toContain('<title>&#60;run&#62; &#38; &#34;x&#34;</title>');
    expect(page).toContain('<dd>it&#39;s</dd>');
    expect(page).toContain('<pre>a: &#60;b&#62;</pre>');
    expect(page).toContain('<a href="#data-version">Data version</a>');
    expect(page).toContain('<section id="a-figure-1">');
    expect(page).toContain(`src="data:image/svg+xml;base64,${Buffer.from('<svg/>').toString('base64')}"`);
    expect(html`${[html`a`, html`b`]}${1}`.text).toBe('a\nb1');
    expect(flatten({ a: { b: [1, 2], c: null }, d: undefined })).toEqual([
      ['a.b', '1 2'],
      ['a.c', 'null'],
      ['d', 'undefined'],
    ]);
  });
});
