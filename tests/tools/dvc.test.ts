import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { programOf, toolsPython } from './toolsPython.ts';

const WEIGHTS = 'runs/latest/checkpoints/best.safetensors';

/** The repository as it is committed, in a folder of its own. */
async function clone(): Promise<string> {
  const folder = join(temporaryFolder(), 'clone');
  await promisify(execFile)('git', ['clone', '--quiet', '--depth=1', `file://${resolve('.')}`, folder]);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

function edit(path: string, ...changes: readonly (readonly [from: RegExp, to: string])[]): void {
  const text = readFileSync(path, 'utf8');
  const changed = changes.reduce((before, [from, to]) => {
    expect(before).toMatch(from);
    return before.replace(from, to);
  }, text);
  writeFileSync(path, changed);
}

/** A network of a second, instead of one of minutes. */
function shrink(folder: string): void {
  edit(
    join(folder, 'configs/cnn.yaml'),
    [/device: auto/, 'device: cpu'],
    [/validation: 5000/, 'validation: 200'],
    [/channels: \[32, 64\]/, 'channels: [4]'],
    [/hidden: \[128\]/, 'hidden: []'],
    [/epochs: 8/, 'epochs: 1\n  limitTrain: 640\n  limitTest: 200'],
    [/logEvery: 50/, 'logEvery: 2'],
    [/^run:$/m, 'tracking: [dvclive]\nrun:'],
  );
  edit(
    join(folder, 'dvc.yaml'),
    [/--robustness --robustness-images 1000/, '--robustness --robustness-images 10'],
    [/visualize.ts latest/, 'visualize.ts latest --images 40'],
  );
}

test('DVC runs the stages, moves the data, and shows metrics and plots', async (context) => {
  const dvcProgram = programOf(toolsPython(context, 'dvc'), 'dvc');
  const folder = await clone();
  const env = { ...process.env, DVC_NO_ANALYTICS: 'true', CI: 'true' };
  const run = async (program: string, ...args: readonly string[]): Promise<string> => {
    const options = { cwd: folder, env, timeout: 110_000, maxBuffer: 2 ** 26 };
    return (await promisify(execFile)(program, args, options)).stdout;
  };
  const dvc = (...args: readonly string[]): Promise<string> => run(dvcProgram, ...args);
  const json = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse(await dvc(...args, '--json')) as unknown;

  const source = (...args: readonly string[]): Promise<string> =>
    run(process.execPath, '--import', import.meta.resolve('tsx'), ...args);

  await source('src/data.ts', 'fetch');
  // The lock of the repository, which src/data.ts writes, agrees with data, parameters and reports.
  const missing = { [WEIGHTS]: 'deleted' };
  expect(await json('status')).toEqual({
    train: [{ 'changed outs': missing }],
    evaluate: [{ 'changed deps': missing }],
    visualize: [{ 'changed deps': missing }],
  });

  shrink(folder);
  await dvc('repro');
  expect(await json('status')).toEqual({});
  const lockOf = (): unknown => parse(readFileSync(join(folder, 'dvc.lock'), 'utf8'));
  const written = lockOf();
  writeFileSync(join(folder, 'dvc.lock'), "schema: '2.0'\n");
  await source('src/data.ts', 'lock');
  expect(lockOf()).toEqual(written);

  await dvc('remote', 'add', '--default', 'local', join(folder, '..', 'remote'));
  await dvc('push');
  const images = join(folder, 'data/raw/train-images-idx3-ubyte');
  const before = readFileSync(images);
  for (const gone of ['data/raw', '.dvc/cache']) rmSync(join(folder, gone), { recursive: true });
  await dvc('pull');
  expect(readFileSync(images).equals(before)).toBe(true);
  expect(await json('status')).toEqual({});

  const metrics = JSON.parse(readFileSync(join(folder, 'reports/metrics.json'), 'utf8')) as object;
  const [workspace] = (await json('exp', 'show')) as [
    {
      data: {
        metrics: Record<string, { data: object }>;
        params: Record<string, { data: { model: object } }>;
      };
    },
  ];
  expect(workspace.data.metrics['reports/metrics.json']!.data).toEqual(metrics);
  expect(workspace.data.params['configs/cnn.yaml']!.data.model).toMatchObject({ channels: [4], hidden: [] });

  const { data: plots } = (await json('plots', 'show')) as { data: Record<string, unknown> };
  const figures = readdirSync(join(folder, 'reports/figures')).map((name) => `reports/figures/${name}`);
  expect(figures.length).toBeGreaterThan(10);
  expect(Object.keys(plots).sort()).toEqual(figures.sort());

  // DVC passes over the folder of runs, which git ignores; it reads the files of a run where it is told of them.
  const live = 'runs/latest/dvclive';
  const latest = JSON.parse(readFileSync(join(folder, live, 'metrics.json'), 'utf8')) as object;
  const shown = (await json('metrics', 'show', `${live}/metrics.json`)) as {
    '': { data: Record<string, { data: object }> };
  };
  expect(shown[''].data[`${live}/metrics.json`]!.data).toEqual(latest);
  cpSync(join(folder, live), join(folder, 'dvclive'), { recursive: true, dereference: true });
  const all = ((await json('plots', 'show')) as { data: Record<string, { type: string }[]> }).data;
  const kinds = Object.entries(all)
    .filter(([name]) => !name.startsWith('reports/'))
    .map(([name, [plot]]) => `${plot!.type} ${name.replace(/^dvclive(\/|::)/, '')}`);
  const curves = ['test/accuracy', 'test/loss', 'train/accuracy', 'train/loss', 'train/lr'];
  curves.push('train/samplesPerSecond', 'validation/accuracy', 'validation/loss');
  expect(kinds.sort()).toEqual([
    'image plots/images/wrong_predictions/10.png',
    ...curves.map((name) => `vega plots/metrics/${name}.tsv`),
    'vega plots/sklearn/confusion_matrix.json',
  ]);
}, 240_000);
