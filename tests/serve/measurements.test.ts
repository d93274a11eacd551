// What was measured of a model, on its way from a run into the registry: metrics, gates, card.

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeIdxImages, writeIdxLabels } from '../../src/pipeline/data/idx.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { loadConfiguration, printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { modelCard } from '../../src/serve/registry/card.ts';
import { type Gate, judge, readGates } from '../../src/serve/registry/gates.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import type { ModelMetrics, ModelRecord } from '../../src/serve/registry/modelRecord.ts';
import { promote, promoteRun } from '../../src/serve/registry/promote.ts';
import { readRunMetrics } from '../../src/serve/registry/runMetrics.ts';
import { randomWeights, temporaryFolder } from './fixture.ts';

const STATISTICS = { images: 1, mean: 0.5, std: 0.1, deciles: new Array<number>(9).fill(0.5) };
const MEASURED: ModelMetrics = {
  accuracy: 0.8765432,
  loss: 0.5,
  top2: 0.9,
  ece: 0.02,
  meanCorruptionError: null,
  sizeBytes: 1000,
  parameterCount: 10,
};

interface Run {
  readonly path: string;
  readonly sha256: string;
}

/** A finished run; its summary, and perhaps its evaluation, changed. */
async function makeRun(
  summary: object = {},
  evaluation?: object,
  metadata: Record<string, string> = {},
): Promise<Run> {
  const path = await temporaryFolder();
  const { configuration, tensors } = await randomWeights('mlp', 3);
  const sha256 = weightsSha256(tensors);
  await mkdir(join(path, 'checkpoints'));
  const state = { dtype: 'F32' as const, shape: [1], data: new Float32Array(1) };
  const optimizer = { 'optimizer.0': state, 'optimizer.12': state, 'optimizer.scale': state };
  await writeFile(
    join(path, 'checkpoints', 'best.safetensors'),
    encodeSafetensors({ ...tensors, ...optimizer }, metadata),
  );
  await writeFile(join(path, 'config.yaml'), printConfiguration(configuration));
  const whole = { testAccuracy: 0.9, testLoss: 0.3, parameterCount: 12, weightsSha256: sha256, ...summary };
  await writeFile(join(path, 'summary.json'), JSON.stringify(whole));
  if (evaluation) {
    const all = { weightsSha256: sha256, accuracy: 0.8, loss: 0.4, top2: 0.95, ece: 0.1, ...evaluation };
    await writeFile(join(path, 'evaluation.json'), JSON.stringify(all));
  }
  return { path, sha256 };
}

test.each([
  [{}, undefined, { accuracy: 0.9, loss: 0.3, top2: null, ece: null, meanCorruptionError: null }],
  [{ testLoss: 'NaN' }, undefined, { accuracy: 0.9, loss: null }],
  [{}, {}, { accuracy: 0.8, loss: 0.4, top2: 0.95, ece: 0.1, meanCorruptionError: null }],
  [{}, { robustness: null, meanCorruptionError: null }, { meanCorruptionError: null }],
  [{}, { robustness: { meanCorruptionError: 0.25 } }, { meanCorruptionError: 0.25 }],
  [{}, { meanCorruptionError: 0.5 }, { meanCorruptionError: 0.5 }],
  [
    {},
    { meanCorruptionError: 0.5, robustness: { meanCorruptionError: 0.25 } },
    { meanCorruptionError: 0.25 },
  ],
  [{}, { robustness: { meanCorruptionError: 0 }, meanCorruptionError: 0.5 }, { meanCorruptionError: 0 }],
  // Of an older evaluation, which does not say which weights it measured.
  [{}, { weightsSha256: undefined }, { accuracy: 0.8 }],
])(
  'the metrics of a run with the summary %j and the evaluation %j are %j',
  async (summary, evaluation, metrics) => {
    const { path, sha256 } = await makeRun(summary, evaluation);
    expect(await readRunMetrics(path, sha256)).toMatchObject({ ...metrics, parameterCount: 12 });
  },
);

test.each([
  [{ weightsSha256: 'f'.repeat(64) }, undefined, /summary\.json: measures other weights \(ffffffffffff…\)/],
  [{}, { weightsSha256: '0'.repeat(64) }, /evaluation\.json: measures other weights \(000000000000…\)/],
  [{ testAccuracy: 1.5 }, undefined, /is not a record of a summary, at testAccuracy/],
  [{ parameterCount: -1 }, undefined, /is not a record of a summary, at parameterCount/],
  [{}, { ece: 2 }, /is not a record of an evaluation, at ece/],
  [{}, { loss: 'NaN' }, /is not a record of an evaluation, at loss/],
])('a run with the summary %j and the evaluation %j is refused', async (summary, evaluation, message) => {
  const { path, sha256 } = await makeRun(summary, evaluation);
  await expect(readRunMetrics(path, sha256)).rejects.toThrow(message);
});

test('a verdict says what a gate takes and what it got, to six digits', () => {
  const text = (gate: Gate, metrics: ModelMetrics = MEASURED): string =>
    judge([gate], metrics, 'a run')[0]!.text;
  expect(text({ metric: 'accuracy', min: 0.5 })).toBe('accuracy: takes at least 0.5, got 0.876543');
  expect(text({ metric: 'ece', max: 0.1 })).toBe('ece: takes at most 0.1, got 0.02');
  expect(text({ metric: 'sizeBytes', min: 1, max: 1e7 })).toBe(
    'sizeBytes: takes at least 1 and at most 10000000, got 1000',
  );
  expect(text({ metric: 'meanCorruptionError', max: 1 })).toBe(
    "meanCorruptionError: takes at most 1, not measured yet: npx tsx src/evaluate.ts 'a run' --robustness",
  );
  expect(text({ metric: 'ece', max: 1 }, { ...MEASURED, ece: null })).toBe(
    "ece: takes at most 1, not measured yet: npx tsx src/evaluate.ts 'a run'",
  );
  expect(judge([{ metric: 'loss', min: 0 }], { ...MEASURED, loss: 0 }, 'r')[0]!.passed).toBe(true);
});

test('gates are on every metric; what is no gate is refused with its line', async () => {
  const file = join(await temporaryFolder(), 'gates.yaml');
  const read = async (text: string): Promise<Gate[]> => {
    await writeFile(file, text);
    return readGates(file);
  };
  for (const metric of Object.keys(MEASURED)) {
    expect(await read(`gates:\n  - metric: ${metric}\n    max: 1\n`)).toEqual([{ metric, max: 1 }]);
  }
  expect(await read('gates:\n  - metric: ece\n    min: 0\n    max: 1\n')).toEqual([
    { metric: 'ece', min: 0, max: 1 },
  ]);
  for (const [text, message] of [
    ['gates:\n  - metric: ece\n', /gates\.yaml:1:1: gates\.0: takes min, max or both$/],
    ['gates: []\n', /gates\.yaml.*: gates: /],
    ['gates:\n  - metric: ece\n    most: 1\n', /gates\.yaml/],
    ['gates:\n  - metric: ece\n    max: "1"\n', /gates\.yaml.*gates\.0\.max/],
    ['other: 1\n', /gates\.yaml/],
  ] as const) {
    await expect(read(text), text).rejects.toThrow(message);
  }
});

test('a promoted folder holds the size, the architecture and the metrics of the run', async () => {
  const { path, sha256 } = await makeRun({}, undefined, { model: 'an mlp', epoch: '3' });
  const root = await temporaryFolder();
  const promoted = await promote({ run: path, root, name: 'mlp', gates: [], statistics: STATISTICS });
  const { record, files, manifestSha256 } = await openModelFolder(promoted.path);
  const manifest = await readFile(join(promoted.path, 'manifest.json'));
  expect(manifestSha256).toBe(createHash('sha256').update(manifest).digest('hex'));
  const weights = files.get('weights.safetensors')!;
  expect(record).toMatchObject({ name: 'mlp', version: 1, run: basename(path), weightsSha256: sha256 });
  expect(record.metrics.sizeBytes).toBe(weights.length);
  expect(record.inputStatistics).toEqual(STATISTICS);
  expect([...decodeSafetensors(weights).tensors.keys()].filter((name) => name.includes('optimizer'))).toEqual(
    [],
  );
  expect(JSON.parse(Buffer.from(files.get('metrics.json')!).toString())).toEqual(record.metrics);
  expect([...decodeSafetensors(weights).metadata]).toEqual([
    ['format', 'pt'],
    ['model', 'an mlp'],
  ]);
  expect(promoted).toMatchObject({ isNew: true, before: undefined, verdicts: [] });
});

test('the same weights for other images, or with other classes, are another version', async () => {
  const root = await temporaryFolder();
  const promoteWith = async (changes: object): Promise<number> => {
    const data = JSON.stringify({ ...FASHION_MNIST_DESCRIPTION, ...changes });
    const { path: run } = await makeRun({}, undefined, { data });
    return (await promote({ run, root, name: 'mlp', gates: [], statistics: STATISTICS })).record.version;
  };
  const classes = FASHION_MNIST_DESCRIPTION.classes.map((name) => `${name}s`);
  expect(await promoteWith({})).toBe(1);
  expect(await promoteWith({ mean: 0.5 })).toBe(2);
  expect(await promoteWith({ classes })).toBe(3);
  expect(await promoteWith({ preparation: 'resize' })).toBe(4);
  expect(await promoteWith({})).toBe(1);
});

test('a name that is none, and a checkpoint of unknown data, are not promoted', async () => {
  const root = await temporaryFolder();
  const { path: run } = await makeRun({}, undefined, { data: '{' });
  for (const name of ['', '../x', 'a b', '_a', 'x'.repeat(65)]) {
    await expect(promote({ run, root, name, gates: [], statistics: STATISTICS }), name).rejects.toThrow(
      `a model's name takes letters, digits, "_" and "-"; got ${JSON.stringify(name)}`,
    );
  }
  await expect(promote({ run, root, name: 'a', gates: [], statistics: STATISTICS })).rejects.toThrow(
    'best.safetensors: is corrupt: it does not say what data it was trained on',
  );
});

test('the statistics of a run are those of its training images, of their own size', async () => {
  const { path: run } = await makeRun();
  const root = await temporaryFolder();
  const pixels = Uint8Array.from({ length: 10 * 6 * 8 }, (_, at) => 20 * Math.floor(at / 48));
  await writeFile(
    join(root, 'train-images-idx3-ubyte'),
    writeIdxImages({ count: 10, rows: 6, columns: 8, pixels }),
  );
  await writeFile(
    join(root, 'train-labels-idx1-ubyte'),
    writeIdxLabels(Uint8Array.from({ length: 10 }, (_, at) => at % 2)),
  );
  const configuration = loadConfiguration(join(run, 'config.yaml'));
  const data = { ...configuration.data, name: 'own', format: 'idx', root, validation: 0.2 } as const;
  await writeFile(join(run, 'config.yaml'), printConfiguration({ ...configuration, data }));
  const models = await temporaryFolder();
  const { record } = await promoteRun({ run, root: models, name: 'own', gates: [] });
  const { images, mean } = record.inputStatistics;
  expect(images).toBeGreaterThan(0);
  expect(images).toBeLessThanOrEqual(10);
  expect(mean * 255).toBeLessThan(181);
});

const CARD_RECORD: ModelRecord = {
  name: 'shirts',
  version: 3,
  run: 'run-7',
  weightsSha256: 'abc',
  classes: ['left', 'right'],
  input: { height: 6, width: 4, preparation: 'resize' },
  normalisation: { mean: 0.25, std: 0.5 },
  inputStatistics: STATISTICS,
  metrics: { ...MEASURED, loss: 0.123456, top2: 1, ece: null, meanCorruptionError: 0 },
};

test('a card tells all that the record, the configuration and the gates say', async () => {
  const { path } = await makeRun();
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const { model, optimizer, schedule } = configuration;
  const train = { ...configuration.train, epochs: 4, batchSize: 50, limitTrain: 500 };
  const data = {
    ...configuration.data,
    name: 'arrows',
    format: 'csv',
    version: 'v1',
    validation: 0.25,
  } as const;
  const verdicts = [
    { passed: true, text: 'one' },
    { passed: true, text: 'two' },
  ];
  expect(modelCard(CARD_RECORD, { ...configuration, seed: 5, train, data }, verdicts))
    .toBe(`# shirts, version 3

Classifies a grey picture of 6 × 4 pixels as one of 2 classes:
left, right.

## Use

This model is made for pictures like those of arrows. It assigns one of its classes to every picture, whatever the picture shows. Its probabilities mean nothing for
other kinds of pictures. Do not use it for decisions about people.

## Measured on the test images of arrows

| metric | value |
| --- | --- |
| accuracy | 87.65 % |
| loss (nats) | 0.1235 |
| top 2 | 100.00 % |
| expected calibration error | not measured |
| mean corruption error | 0.00 % |
| parameters | 10 |
| weights (bytes) | 1000 |

Gates: one; two.

## Training

- run \`run-7\`, seed 5
- model \`${JSON.stringify(model)}\`
- optimizer \`${JSON.stringify(optimizer)}\`, schedule \`${JSON.stringify(schedule)}\`
- 4 epochs with 50 images per step, 500 training images only; validation 0.25
- input: pixels in [0, 1] as (x - 0.25) / 0.5
- SHA-256 of the weights \`abc\`

Data: arrows, version v1.
`);
});

test('a card of Fashion-MNIST says so, and what was left out', async () => {
  const { path } = await makeRun();
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const metrics = { ...MEASURED, loss: null };
  const card = modelCard({ ...CARD_RECORD, metrics }, configuration, []);
  for (const text of [
    'as one of 2 kinds of clothing:\n',
    'This model is made for pictures like those of Fashion-MNIST: one piece of clothing,',
    ' It is a demonstration. Do not use it',
    '## Measured on the test images of Fashion-MNIST\n',
    '| loss (nats) | not measured |\n',
    'Gates: none.\n',
    `images per step; validation ${configuration.data.validation}\n`,
    'Data: Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017), MIT licence.\n',
  ]) {
    expect(card).toContain(text);
  }
  const data = { ...configuration.data, name: 'arrows', format: 'csv' } as const;
  expect(modelCard(CARD_RECORD, { ...configuration, data }, [])).toContain(
    'Data: arrows, version not recorded.\n',
  );
});
