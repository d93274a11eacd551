import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { open, optim } from '../../../src/index.ts';
import { hashWeights, saveCheckpoint } from '../../../src/pipeline/checkpoint/checkpoint.ts';
import { loadConfiguration, printConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { hashDirectory } from '../../../src/pipeline/data/dvc/hash.ts';
import { readLock } from '../../../src/pipeline/data/dvc/lockFile.ts';
import { writeMetrics } from '../../../src/pipeline/evaluation/report/metricsFile.ts';
import { lockRun } from '../../../src/pipeline/experiment/lockRun.ts';
import { writeJson } from '../../../src/pipeline/files/json.ts';
import { buildModel } from '../../../src/pipeline/models/buildModel.ts';
import { recordFigures } from '../../../src/pipeline/reporting/published.ts';
import { codeVersion } from '../../../src/pipeline/runs/codeVersion.ts';
import { setDefaultDevice } from '../../../src/tensor/device.ts';
import { sampleReport } from '../evaluation/sampleReport.ts';
import { temporaryFolder } from '../files/disks.ts';

const PIPELINE = `stages:
  data:
    cmd: npx tsx src/data.ts fetch
    deps: [data/raw]
  train:
    cmd: npx tsx src/train.ts configs/small.yaml
    deps: [data/raw]
    params: [{configs/small.yaml: [model]}]
    outs: [{runs/latest/checkpoints/best.safetensors: {cache: false, persist: true}}]
  evaluate:
    cmd: npx tsx src/evaluate.ts latest --publish
    deps: [data/raw, runs/latest/checkpoints/best.safetensors]
    metrics: [{reports/metrics.json: {cache: false}}]
  visualize:
    cmd: npx tsx src/visualize.ts latest --publish
    deps: [data/raw, runs/latest/checkpoints/best.safetensors]
    plots: [{reports/figures: {cache: false}}]
`;

const CONFIGURATION = `name: small
model: {name: mlp, hidden: [2]}
optimizer: {name: adam}
`;

/** A project whose latest run, with all its records, is that of its dvc.yaml. */
async function projectWithRun(...overrides: string[]): Promise<{ project: string; run: string }> {
  const project = temporaryFolder();
  const run = join(project, 'runs', '20260101-000000-small');
  for (const folder of ['data/raw', 'configs', 'reports/figures']) {
    mkdirSync(join(project, folder), { recursive: true });
  }
  mkdirSync(join(run, 'checkpoints'), { recursive: true });
  writeFileSync(join(project, 'dvc.yaml'), PIPELINE);
  writeFileSync(join(project, 'configs/small.yaml'), CONFIGURATION);
  writeFileSync(join(project, 'data/raw/images'), 'images');
  writeFileSync(join(project, 'reports/figures/one.svg'), '<svg/>');
  symlinkSync(run, join(project, 'runs/latest'));
  const configuration = loadConfiguration(join(project, 'configs/small.yaml'), overrides);
  writeFileSync(join(run, 'config.yaml'), printConfiguration(configuration));
  setDefaultDevice(await open('cpu'));
  const model = buildModel(configuration.model, FASHION_MNIST_DESCRIPTION);
  const optimizer = new optim.Adam(model.parameters());
  const position = { epoch: 1, step: 1 };
  await saveCheckpoint(join(run, 'checkpoints/best.safetensors'), model, optimizer, position, '');
  const weightsSha256 = await hashWeights(model);
  const { md5: dataVersion } = await hashDirectory(join(project, 'data/raw'));
  const report = { ...sampleReport, weightsSha256 };
  await writeJson(join(run, 'summary.json'), { stopped: 'epochs', weightsSha256 });
  await writeJson(join(run, 'evaluation.json'), report);
  await writeJson(join(run, 'environment.json'), {
    dataVersion,
    dataChecksums: report.dataset.checksums,
    codeVersion: codeVersion(),
  });
  await writeMetrics(join(project, 'reports'), report);
  await recordFigures(run, join(project, 'reports/figures'), weightsSha256);
  return { project, run };
}

function lock(project: string, reference?: string) {
  return lockRun(join(project, 'data/raw'), { runs: join(project, 'runs'), reference, project });
}

function edit(path: string, change: (value: Record<string, unknown>) => object): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...value, ...change(value) }));
}

describe('dvc.lock', () => {
  test('records what a run proves; keys that do not affect the result may differ', async () => {
    const { project } = await projectWithRun('device=cpu', 'run.dir=elsewhere', 'train.keepLast=3');
    expect(await lock(project)).toMatchObject({ refused: [] });
    const locked = await readLock(join(project, 'dvc.lock'));
    expect(Object.keys(locked)).toEqual(['data', 'evaluate', 'train', 'visualize']);
  });

  test.each<[string, string[], (run: string, project: string) => void, string[]]>([
    [
      'another model',
      ['model.hidden=[3]'],
      () => undefined,
      ['train: left as it is: model.hidden: [ 2 ] in configs/small.yaml, the run has [ 3 ]'],
    ],
    [
      'a key that is no parameter of the stage',
      ['train.limitTrain=5'],
      () => undefined,
      ['train: left as it is: train.limitTrain: nothing in configs/small.yaml, the run has 5'],
    ],
    [
      'other data',
      [],
      (_, project) => writeFileSync(join(project, 'data/raw/images'), 'others'),
      ['train: left as it is: data: the run has '],
    ],
    [
      'other code',
      [],
      (run) => edit(join(run, 'environment.json'), () => ({ codeVersion: 'x' })),
      ['train: left as it is: code: it has changed since the run'],
    ],
    [
      'other code when it went on',
      [],
      (run) => edit(join(run, 'environment.json'), () => ({ resumed: [{ codeVersion: 'x' }] })),
      ['train: left as it is: code:'],
    ],
    [
      'time that was up',
      [],
      (run) => edit(join(run, 'summary.json'), () => ({ stopped: 'maxMinutes' })),
      ['train: left as it is: train.maxMinutes'],
    ],
  ])('leaves all stages of a run with %s', async (_, overrides, change, reasons) => {
    const { project, run } = await projectWithRun(...overrides);
    change(run, project);
    const { refused } = await lock(project);
    for (const reason of reasons)
      expect(refused.some((line) => line.startsWith(`dvc.lock: ${reason}`))).toBe(true);
    const uncertain = 'left as it is: runs/latest/checkpoints/best.safetensors is not certain either';
    expect(refused.slice(-2)).toEqual([
      `dvc.lock: evaluate: ${uncertain}`,
      `dvc.lock: visualize: ${uncertain}`,
    ]);
    expect(Object.keys(await readLock(join(project, 'dvc.lock')))).toEqual(['data']);
  });

  test.each<[string, (run: string, project: string) => void, RegExp]>([
    [
      'weights',
      (run) => edit(join(run, 'summary.json'), () => ({ weightsSha256: '0'.repeat(64) })),
      /train: .*not the weights that the run ended with/,
    ],
    [
      'an evaluation',
      (run) => edit(join(run, 'evaluation.json'), () => ({ weightsSha256: '0'.repeat(64) })),
      /^dvc\.lock: evaluate: .*of other weights/,
    ],
    [
      'data of the evaluation',
      (run) =>
        edit(join(run, 'evaluation.json'), () => ({
          dataset: { name: 'a', split: 'test', images: 1, checksums: {} },
        })),
      /^dvc\.lock: evaluate: .*other data/,
    ],
    [
      'metrics',
      (_, project) => edit(join(project, 'reports/metrics.json'), () => ({ accuracy: 0.99 })),
      /^dvc\.lock: evaluate: .*metrics\.json: not the numbers of/,
    ],
    [
      'a flag of the evaluation',
      (_, project) =>
        writeFileSync(
          join(project, 'dvc.yaml'),
          PIPELINE.replace('evaluate.ts latest', 'evaluate.ts latest --robustness'),
        ),
      /^dvc\.lock: evaluate: .*without --robustness/,
    ],
    [
      'figures',
      (_, project) => writeFileSync(join(project, 'reports/figures/one.svg'), '<svg></svg>'),
      /^dvc\.lock: visualize: .*not the figures that were drawn of 20260101-000000-small/,
    ],
    [
      'a command',
      (_, project) =>
        writeFileSync(join(project, 'dvc.yaml'), PIPELINE.replace('src/visualize.ts latest', 'make figures')),
      /^dvc\.lock: visualize: .*no run records what/,
    ],
  ])('leaves a stage with other %s', async (_, change, message) => {
    const { project, run } = await projectWithRun();
    change(run, project);
    expect((await lock(project)).refused[0]).toMatch(message);
  });

  test('names the run that matches, and records its files when it is given', async () => {
    const { project, run } = await projectWithRun();
    const other = join(project, 'runs', '20260102-000000-small');
    cpSync(run, other, { recursive: true });
    writeFileSync(
      join(other, 'config.yaml'),
      readFileSync(join(run, 'config.yaml'), 'utf8').replace('seed: 0', 'seed: 1'),
    );
    writeFileSync(join(other, 'checkpoints/best.safetensors'), 'of another model');
    rmSync(join(project, 'runs/latest'));
    symlinkSync(other, join(project, 'runs/latest'));
    const { refused } = await lock(project);
    expect(refused.at(-1)).toBe(
      '20260101-000000-small matches: npx tsx src/data.ts lock --run 20260101-000000-small',
    );
    expect((await lock(project, '20260101-000000-small')).refused).toEqual([]);
    const { train } = await readLock(join(project, 'dvc.lock'));
    expect(train!.outs![0]).toMatchObject({ path: 'runs/latest/checkpoints/best.safetensors' });
    expect(train!.outs![0]!.size).toBe(readFileSync(join(run, 'checkpoints/best.safetensors')).length);
  });

  test('stays where no stage reads the folder of the data', async () => {
    const { project } = await projectWithRun();
    mkdirSync(join(project, 'mine'));
    writeFileSync(join(project, 'mine/a.csv'), 'a');
    const { lines, refused } = await lockRun(join(project, 'mine'), {
      runs: join(project, 'runs'),
      reference: undefined,
      project,
    });
    expect(refused).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(await readLock(join(project, 'dvc.lock'))).toEqual({});
  });
});
