// What references to models and runs name.

import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { comparisonText, listModels, modelsText } from '../../src/serve/registry/list.ts';
import {
  champions,
  modelNames,
  modelVersions,
  parseVersion,
  readRecord,
  requireVersion,
  resolveModel,
} from '../../src/serve/registry/reference.ts';
import { moveAlias, removeAlias } from '../../src/serve/registry/aliases.ts';
import { findTrainedModel } from '../../src/serve/registry/trainedModel.ts';
import { findWeights } from '../../src/serve/registry/weightsFile.ts';
import { addModel, randomWeights, temporaryFolder } from './fixture.ts';

/** Gives a version another accuracy. Its checksum no longer fits. */
async function setAccuracy(path: string, accuracy: number | null): Promise<void> {
  const file = join(path, 'model.json');
  const record = JSON.parse(await readFile(file, 'utf8')) as { metrics: object };
  await writeFile(file, JSON.stringify({ ...record, metrics: { ...record.metrics, accuracy } }));
}

async function registry(...models: [name: string, accuracy: number | null][]): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, accuracy] of models) {
    await addModel(root, name, 1);
    await setAccuracy(join(root, name, '1'), accuracy);
  }
  return root;
}

test('the most accurate champion comes first; among equals the name decides, and what was not measured is last', async () => {
  const root = await registry(['a', null], ['b', 0.5], ['c', 0.9], ['d', 0.9], ['e', 0.7]);
  const references = async (): Promise<string[]> => (await champions(root)).map(({ reference }) => reference);
  expect(await references()).toEqual(['c', 'd', 'e', 'b', 'a'].map((name) => `${name}@champion`));
  expect(await resolveModel(root)).toEqual({ path: join(root, 'c', '1'), reference: 'c@champion' });
  // A model without champion does not hide those after it.
  await removeAlias(join(root, 'a'), 'champion');
  await removeAlias(join(root, 'c'), 'champion');
  expect(await references()).toEqual(['d', 'e', 'b'].map((name) => `${name}@champion`));
});

test('a reference is told as what it stands for', async () => {
  const root = await registry(['mlp', 0.9]);
  await moveAlias(join(root, 'mlp'), 'stable', 1);
  const path = join(root, 'mlp', '1');
  expect(await resolveModel(root, 'mlp')).toEqual({ path, reference: 'mlp@champion' });
  expect(await resolveModel(root, 'mlp@stable')).toEqual({ path, reference: 'mlp@stable' });
  expect(await resolveModel(root, 'mlp/1')).toEqual({ path, reference: 'mlp/1' });
  expect(await resolveModel(root, path)).toEqual({ path, reference: path });
});

test('a reference to what there is not says what there is', async () => {
  const root = await registry(['cnn', 0.9], ['mlp', 0.9]);
  const message = (reference: string): Promise<unknown> =>
    resolveModel(root, reference).catch((error: unknown) => (error as Error).message);
  expect(await message('mlp@none')).toBe('mlp has no alias none; there is mlp@champion');
  expect(await message('mlp@No')).toBe('mlp@No: not a valid alias name');
  expect(await message('mlp/2')).toBe('mlp has no version 2; there is 1');
  expect(await message('other')).toBe(
    `there is no model "other": takes NAME, NAME@ALIAS, NAME/VERSION or a model's folder; ${root} holds cnn, mlp`,
  );
  await removeAlias(join(root, 'mlp'), 'champion');
  expect(await message('mlp')).toBe('mlp has no alias champion; there is none');
  await expect(resolveModel('/nowhere', 'mlp')).rejects.toThrow(
    /\/nowhere holds none\. Train one and promote/,
  );
  await expect(requireVersion('/nowhere', 'mlp', 3)).rejects.toThrow('mlp has no version 3; there is none');
});

test('models and versions are folders with such names, in order', async () => {
  const root = await temporaryFolder();
  for (const folder of ['b', 'a', '.hidden', 'a b', '_c']) await mkdir(join(root, folder));
  await writeFile(join(root, 'file'), '');
  expect(await modelNames(root)).toEqual(['a', 'b']);
  for (const version of ['10', '9', '1', '01', '0', '1a', 'aliases', '-1', '1234567890', '123456789']) {
    await mkdir(join(root, 'a', version));
  }
  expect(await modelVersions(root, 'a')).toEqual([1, 9, 10, 123_456_789]);
  expect([await modelNames('/nowhere'), await modelVersions(root, 'none')]).toEqual([[], []]);
});

test('a version is NAME/VERSION', () => {
  expect(parseVersion('mlp/2')).toEqual({ name: 'mlp', version: 2 });
  expect(parseVersion('a_B-1/123456789')).toEqual({ name: 'a_B-1', version: 123_456_789 });
  for (const wrong of ['mlp', 'mlp/0', 'mlp/01', 'mlp/', 'mlp/1a', 'mlp@1', 'm p/1', '../1', 'a/b/1', '/1']) {
    expect(() => parseVersion(wrong), wrong).toThrow(`takes NAME/VERSION such as mlp/2, got "${wrong}"`);
  }
  expect(() => parseVersion('mlp/1234567890')).toThrow('takes NAME/VERSION');
});

test('a list has each version with its aliases; what was not measured is left out', async () => {
  const root = await registry(['cnn', null], ['mlp', 0.91234]);
  await addModel(root, 'mlp', 2);
  await moveAlias(join(root, 'mlp'), 'stable', 1);
  await moveAlias(join(root, 'mlp'), 'latest', 1);
  const listed = await listModels(root);
  expect(listed.map(({ name, version, aliases }) => [name, version, aliases])).toEqual([
    ['cnn', 1, ['champion']],
    ['mlp', 1, ['latest', 'stable']],
    ['mlp', 2, ['champion']],
  ]);
  expect(modelsText(listed).split('\n')).toEqual([
    'cnn/1                                 champion            run-1',
    'mlp/1             accuracy 91.23 %    latest, stable      run-1',
    'mlp/2             accuracy 90.00 %    champion            run-2',
  ]);
  const [cnn, mlp] = [await readRecord(join(root, 'cnn', '1')), await readRecord(join(root, 'mlp', '2'))];
  expect(comparisonText(cnn, mlp)).toBe('version 1, accuracy not measured; now 90.00 %');
});

/** A folder of runs with `a-run`, to which `latest` points. */
async function runFolder(): Promise<string> {
  const runs = await temporaryFolder();
  const { configuration, tensors } = await randomWeights('mlp', 7);
  await mkdir(join(runs, 'a-run', 'checkpoints'), { recursive: true });
  await writeFile(join(runs, 'a-run', 'checkpoints', 'best.safetensors'), encodeSafetensors(tensors));
  await writeFile(join(runs, 'a-run', 'config.yaml'), printConfiguration(configuration));
  await symlink('a-run', join(runs, 'latest'));
  return runs;
}

test('a run is found by its id, its folder and as the latest; a model by all its references', async () => {
  const [runs, models] = [await runFolder(), await temporaryFolder()];
  await addModel(models, 'mlp', 1);
  const roots = { runs, models };
  const run = await realpath(join(runs, 'a-run'));
  for (const reference of ['a-run', 'latest', join(runs, 'latest')]) {
    const found = await findTrainedModel(reference, roots);
    expect([found.name, found.run]).toEqual(['a-run', run]);
    expect((await found.load()).model.training).toBe(false);
  }
  const folder = join(models, 'mlp', '1');
  for (const reference of ['mlp', 'mlp@champion', 'mlp/1', folder]) {
    const found = await findTrainedModel(reference, roots);
    expect([found.name, found.run]).toEqual(['mlp/1', undefined]);
    expect(await findWeights(reference, roots)).toBe(join(folder, 'weights.safetensors'));
  }
  expect(await realpath(await findWeights('latest', roots))).toBe(
    join(run, 'checkpoints', 'best.safetensors'),
  );
  expect(await findWeights('any/where.safetensors', roots)).toBe('any/where.safetensors');
});

test('where a run and a model have the same name, the run is taken; where neither has it, both say what there is', async () => {
  const [runs, models] = [await runFolder(), await registry(['a-run', 0.9])];
  const roots = { runs, models };
  expect((await findTrainedModel('a-run', roots)).name).toBe('a-run');
  expect(await findWeights('a-run', roots)).toMatch(/best\.safetensors$/);
  for (const find of [findTrainedModel, findWeights]) {
    await expect(find('none', roots)).rejects.toThrow(/none[^]*\nthere is no model "none"/);
  }
});
