// Each option of the command that classifies pictures reaches the function for which it stands.

import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { init } from '../../src/tensor/device.ts';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { callCommand, type Outcome } from '../commands/commands.ts';
import { addModel, randomWeights, temporaryFolder, testImage } from '../serve/fixture.ts';
import { declaredOptions } from './commandOptions.ts';

const DEVICE = '../../src/tensor/device.ts';
/** Devices that were asked for. All are the CPU. */
const opened: Parameters<typeof init>[] = [];
vi.doMock(DEVICE, async (original) => ({
  ...(await original<object>()),
  init: (...args: Parameters<typeof init>) => {
    opened.push(args);
    return init('cpu');
  },
}));
afterAll(() => vi.doUnmock(DEVICE));
beforeEach(() => void opened.splice(0));

const png = (seed: number): Uint8Array =>
  encode({ width: 28, height: 28, data: Uint8Array.from(testImage(seed)), channels: 1, depth: 8 });

/** A registry with the model `mlp`, a folder of runs with `a-run`, whose weights are others, and a picture. */
async function folders() {
  const [models, runs, pictures] = [
    await temporaryFolder(),
    await temporaryFolder(),
    await temporaryFolder(),
  ];
  await addModel(models, 'mlp', 1);
  const { configuration, tensors } = await randomWeights('mlp', 7);
  const checkpoints = join(runs, 'a-run', 'checkpoints');
  await mkdir(checkpoints, { recursive: true });
  await writeFile(join(checkpoints, 'best.safetensors'), encodeSafetensors(tensors));
  await writeFile(
    join(runs, 'a-run', 'config.yaml'),
    printConfiguration({ ...configuration, device: 'cpu' }),
  );
  const picture = join(pictures, 'a.png');
  await writeFile(picture, png(1));
  return { models, runs, pictures, picture };
}

/** The probabilities of the lines of a result. */
const shares = ({ stdout }: Outcome): string[][] =>
  stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(5));

test('--models and --runs say where models and runs are', async () => {
  const { models, runs, picture } = await folders();
  const roots = ['--models', models, '--runs', runs];
  const promoted = await callCommand('predict', 'mlp', picture, ...roots);
  const trained = await callCommand('predict', 'a-run', picture, ...roots);
  expect([promoted.code, promoted.stderr]).toEqual([0, '1 images classified by mlp/1\n']);
  expect([trained.code, trained.stderr]).toEqual([0, '1 images classified by a-run\n']);
  expect(promoted.stdout.split('\n')[0]).toBe(
    'path,row,class,name,probability,' +
      'p(T-shirt/top),p(Trouser),p(Pullover),p(Dress),p(Coat),p(Sandal),p(Shirt),p(Sneaker),p(Bag),p(Ankle boot)',
  );
  expect(shares(trained)).not.toEqual(shares(promoted));
});

test('--json prints one document with the name of the model', async () => {
  const { models, picture } = await folders();
  const csv = await callCommand('predict', 'mlp', picture, '--models', models);
  const { code, stdout } = await callCommand('predict', 'mlp', picture, '--models', models, '--json');
  const { model, predictions, unreadable } = JSON.parse(stdout) as {
    model: string;
    predictions: { path: string; probabilities: Record<string, number> }[];
    unreadable: unknown[];
  };
  expect([code, model, unreadable]).toEqual([0, 'mlp/1', []]);
  expect(predictions.map(({ path }) => path)).toEqual([picture]);
  expect(Object.values(predictions[0]!.probabilities).map(String)).toEqual(shares(csv)[0]);
});

test('--out writes what would be printed, into a folder that is made, and leaves no other file', async () => {
  const { models, pictures, picture } = await folders();
  const printed = await callCommand('predict', 'mlp', picture, '--models', models);
  const out = join(pictures, 'new', 'result.csv');
  const words = ['predict', 'mlp', picture, '--models', models, '--out', out] as const;
  expect(await callCommand(...words)).toEqual({ ...printed, stdout: '' });
  expect(readFileSync(out, 'utf8')).toBe(printed.stdout);
  // An earlier result is replaced.
  await writeFile(out, 'x'.repeat(10_000));
  expect((await callCommand(...words)).code).toBe(0);
  expect(readFileSync(out, 'utf8')).toBe(printed.stdout);
  expect(await readdir(join(pictures, 'new'))).toEqual(['result.csv']);
});

test('--device and --adapter choose the device; without them, it is the recorded one', async () => {
  const { models, runs, picture } = await folders();
  const words = ['predict', 'mlp', picture, '--models', models] as const;
  await callCommand('predict', 'a-run', picture, '--runs', runs);
  await callCommand('predict', 'a-run', picture, '--runs', runs, '--device', 'webgpu');
  await callCommand(...words);
  await callCommand(...words, '--device', 'cpu');
  await callCommand(...words, '--adapter', 'llvmpipe');
  expect(opened.map(([device, options]) => [device, options?.adapter])).toEqual([
    ['cpu', undefined],
    ['webgpu', undefined],
    ['auto', undefined],
    ['cpu', undefined],
    ['auto', 'llvmpipe'],
  ]);
});

test('a file that cannot be read is named, the others are classified, and the exit code is 1', async () => {
  const { models, pictures, picture } = await folders();
  await writeFile(join(pictures, 'b.png'), 'no picture');
  await copyFile(picture, join(pictures, 'c.png'));
  const { code, stdout, stderr } = await callCommand('predict', 'mlp', pictures, '--models', models);
  expect([code, stdout.trim().split('\n').length]).toEqual([1, 3]);
  expect(stderr).toMatch(
    /b\.png: takes a picture.*\n2 images classified by mlp\/1, 1 files cannot be read\n$/,
  );
});

test('an error while it computes leaves the earlier result as it is, and no other file', async () => {
  const { runs, pictures, picture } = await folders();
  const { tensors } = await randomWeights('mlp', 7);
  for (const { data } of Object.values(tensors)) if (data instanceof Float32Array) data.fill(NaN);
  await writeFile(join(runs, 'a-run', 'checkpoints', 'best.safetensors'), encodeSafetensors(tensors));
  const out = join(pictures, 'result.csv');
  await writeFile(out, 'earlier');
  const { code, stderr } = await callCommand('predict', 'a-run', picture, '--runs', runs, '--out', out);
  expect([code, stderr]).toEqual([1, expect.stringContaining('which are not probabilities')]);
  expect(readFileSync(out, 'utf8')).toBe('earlier');
  expect((await readdir(pictures)).sort()).toEqual(['a.png', 'result.csv']);
});

test('the tests above have every option', async () => {
  expect(await declaredOptions('predict')).toEqual({
    '': ['out', 'json', 'runs', 'models', 'device', 'adapter'],
  });
});
