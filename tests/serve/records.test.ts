// The files of a registry: what each takes, to the last letter.

import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/pipeline/files/lock.ts';
import {
  forgetVersion,
  moveAlias,
  readAlias,
  readAliases,
  removeAlias,
} from '../../src/serve/registry/aliases.ts';
import { loadModel } from '../../src/serve/registry/loadModel.ts';
import { isModelFolder, openModelFolder, writeModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { withModel } from '../../src/serve/registry/modelLock.ts';
import { manifestSchema, modelRecordSchema } from '../../src/serve/registry/modelRecord.ts';
import { isServed, markServed } from '../../src/serve/registry/served.ts';
import { addModel, temporaryFolder } from './fixture.ts';

const HASH = '0123456789abcdef'.repeat(4);

/** A record that is accepted. */
const RECORD = {
  name: 'mlp',
  version: 1,
  run: 'run-1',
  weightsSha256: HASH,
  classes: ['a', 'b'],
  input: { height: 28, width: 28, preparation: 'resize' },
  normalisation: { mean: 0.3, std: 0.4 },
  inputStatistics: { images: 1, mean: 0, std: 1, deciles: new Array<number>(9).fill(0.5) },
  metrics: {
    accuracy: 1,
    loss: 0,
    top2: 0,
    ece: 1,
    meanCorruptionError: 2.5,
    sizeBytes: 0,
    parameterCount: 0,
  },
};

/** Changes of the record by key, with values that are accepted and values that are refused. */
const FORMS: readonly (readonly [key: keyof typeof RECORD, good: unknown[], bad: unknown[]])[] = [
  [
    'name',
    ['a', '9', 'A_b-C', 'x'.repeat(64)],
    ['', '_a', '-a', 'a.b', 'a/b', 'a@b', 'x'.repeat(65), 'ä', 1],
  ],
  ['version', [1, 2 ** 31], [0, -1, 1.5, '1']],
  ['run', ['r'], ['', 1]],
  ['weightsSha256', [HASH], [HASH.slice(1), `${HASH}0`, HASH.toUpperCase(), `${HASH.slice(1)}g`]],
  [
    'classes',
    [['a', 'b'], Array.from({ length: 1000 }, (_, label) => String(label))],
    [[], ['a'], ['a', ''], Array.from({ length: 1001 }, (_, label) => String(label))],
  ],
  [
    'input',
    [
      { height: 1, width: 1024, preparation: 'object' },
      { height: 1024, width: 1, preparation: 'resize' },
    ],
    [
      { height: 0, width: 1, preparation: 'resize' },
      { height: 1, width: 1025, preparation: 'resize' },
      { height: 1, width: 1, preparation: 'cut' },
      { height: 1, width: 1, preparation: 'resize', channels: 1 },
    ],
  ],
  [
    'normalisation',
    [
      { mean: -1, std: 1e-9 },
      { mean: 0, std: 300 },
    ],
    [{ mean: 0, std: 0 }, { mean: 0, std: -1 }, { mean: 0 }],
  ],
  [
    'inputStatistics',
    [{ ...RECORD.inputStatistics, mean: 1, std: 0 }],
    [
      { ...RECORD.inputStatistics, images: 0 },
      { ...RECORD.inputStatistics, mean: 1.1 },
      { ...RECORD.inputStatistics, std: -0.1 },
      { ...RECORD.inputStatistics, deciles: new Array<number>(8).fill(0.5) },
      { ...RECORD.inputStatistics, deciles: new Array<number>(10).fill(0.5) },
      { ...RECORD.inputStatistics, deciles: new Array<number>(9).fill(1.5) },
    ],
  ],
  [
    'metrics',
    ['accuracy', 'loss', 'top2', 'ece', 'meanCorruptionError'].map((name) => ({
      ...RECORD.metrics,
      [name]: null,
    })),
    [
      ['accuracy', 1.1],
      ['accuracy', -0.1],
      ['loss', -0.1],
      ['top2', 1.1],
      ['ece', 1.1],
      ['meanCorruptionError', -0.1],
      ['sizeBytes', -1],
      ['sizeBytes', null],
      ['parameterCount', 1.5],
      ['parameterCount', null],
      ['speed', 1],
    ].map(([name, value]) => ({ ...RECORD.metrics, [name as string]: value })),
  ],
];

test.each(FORMS)('a record takes these values of %s only', (key, good, bad) => {
  const isTaken = (value: unknown): boolean =>
    modelRecordSchema.safeParse({ ...RECORD, [key]: value }).success;
  for (const value of good) expect([value, isTaken(value)]).toEqual([value, true]);
  for (const value of [...bad, undefined, null]) expect([value, isTaken(value)]).toEqual([value, false]);
});

test('a record from before there was a preparation is of Fashion-MNIST; other keys are refused', () => {
  const { input, ...others } = modelRecordSchema.parse({ ...RECORD, input: { height: 28, width: 28 } });
  expect([input, others.name]).toEqual([{ height: 28, width: 28, preparation: 'object' }, 'mlp']);
  expect(modelRecordSchema.safeParse({ ...RECORD, owner: 'me' }).success).toBe(false);
});

test('a manifest takes plain file names with their size and checksum', () => {
  const isTaken = (name: string, file: object = { sha256: HASH, bytes: 0 }, format = 1): boolean =>
    manifestSchema.safeParse({ format, files: { [name]: file } }).success;
  for (const name of ['a', 'weights.safetensors', 'a..b', 'A_1-2.x']) expect(isTaken(name), name).toBe(true);
  for (const name of ['.a', '..', '../a', 'a/b', '', '-a', 'a b', '/etc/passwd']) {
    expect(isTaken(name), name).toBe(false);
  }
  expect(isTaken('a', { sha256: HASH, bytes: -1 })).toBe(false);
  expect(isTaken('a', { sha256: HASH, bytes: 1.5 })).toBe(false);
  expect(isTaken('a', { sha256: 'x', bytes: 1 })).toBe(false);
  expect(isTaken('a', { sha256: HASH, bytes: 1 }, 2)).toBe(false);
});

test('an alias is a lower-case word of at most 32 letters', async () => {
  const model = await temporaryFolder();
  for (const name of ['a', 'a_b-9', 'x'.repeat(32)]) {
    await moveAlias(model, name, 1);
    expect(await readAlias(model, name)).toEqual({ version: 1, previous: [] });
  }
  for (const name of ['', 'A', '9a', '_a', '-a', 'a.b', '../a', 'x'.repeat(33)]) {
    for (const action of [moveAlias(model, name, 1), readAlias(model, name), removeAlias(model, name)]) {
      await expect(action, name).rejects.toThrow(
        `an alias is a lower-case word such as champion; got ${JSON.stringify(name)}`,
      );
    }
  }
});

test('aliases come by name; other files among them do not count, and a damaged one is an error', async () => {
  const model = await temporaryFolder();
  for (const name of ['stable', 'champion', 'latest']) await moveAlias(model, name, 1);
  await writeFile(join(model, 'aliases', 'Notes.json'), '{}');
  await writeFile(join(model, 'aliases', 'notes.txt'), '{}');
  expect([...(await readAliases(model)).keys()]).toEqual(['champion', 'latest', 'stable']);
  for (const text of [
    '{"version": 0, "previous": []}',
    '{"version": 1}',
    '{"version": 1, "previous": [0]}',
  ]) {
    await writeFile(join(model, 'aliases', 'stable.json'), text);
    await expect(readAliases(model), text).rejects.toThrow('is not a record of an alias');
  }
  await removeAlias(model, 'stable');
  await removeAlias(model, 'stable');
  expect([...(await readAliases(model)).keys()]).toEqual(['champion', 'latest']);
});

test('an alias that forgets a version does not go back to where it is, or twice to the same', async () => {
  const model = await temporaryFolder();
  for (const version of [1, 2, 1, 3]) await moveAlias(model, 'champion', version);
  await forgetVersion(model, 'champion', 2);
  expect(await readAlias(model, 'champion')).toEqual({ version: 3, previous: [1] });
  for (const version of [4, 3]) await moveAlias(model, 'champion', version);
  await forgetVersion(model, 'champion', 4);
  expect(await readAlias(model, 'champion')).toEqual({ version: 3, previous: [1] });
  await forgetVersion(model, 'champion', 9);
  await forgetVersion(model, 'none', 1);
  expect(await readAlias(model, 'champion')).toEqual({ version: 3, previous: [1] });
});

test('a version is never replaced, and what could not be written leaves nothing behind', async () => {
  const root = await temporaryFolder();
  const path = join(root, 'mlp', '1');
  await writeModelFolder(path, new Map([['a.txt', 'first']]));
  await expect(writeModelFolder(path, new Map([['a.txt', 'second']]))).rejects.toThrow('cannot be written');
  expect(await readdir(join(root, 'mlp'))).toEqual(['1']);
  expect((await readdir(path)).sort()).toEqual(['a.txt', 'manifest.json']);
  expect(await isModelFolder(path)).toBe(true);
  expect(await isModelFolder(root)).toBe(false);
});

test.each(['weights.safetensors', 'config.yaml', 'model.json'])(
  'a folder whose manifest does not list %s is refused',
  async (name) => {
    const path = join(await temporaryFolder(), 'mlp', '1');
    const names = ['weights.safetensors', 'config.yaml', 'model.json', 'more.txt'];
    const files = new Map(names.filter((each) => each !== name).map((each) => [each, '']));
    await writeModelFolder(path, files);
    await expect(openModelFolder(path)).rejects.toThrow(`manifest.json does not list ${name}`);
  },
);

test('a hidden file, and one of more than a gigabyte, are refused', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'mlp', 1);
  const path = join(root, 'mlp', '1');
  await writeFile(join(path, '.hidden'), '');
  await expect(openModelFolder(path)).rejects.toThrow('does not list .hidden; remove it or promote again');
  await rm(join(path, '.hidden'));
  await truncate(join(path, 'weights.safetensors'), 2 ** 30 + 1);
  await expect(openModelFolder(path)).rejects.toThrow(
    'weights.safetensors: takes at most 1073741824 bytes, got 1073741825',
  );
});

test('a model is loaded to predict, not to train; a configuration that is no YAML is refused', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'mlp', 1);
  const folder = await openModelFolder(join(root, 'mlp', '1'));
  expect(loadModel(folder).training).toBe(false);
  const files = new Map([...folder.files, ['config.yaml', Buffer.from('a: [')]] as const);
  expect(() => loadModel({ ...folder, files })).toThrow(`${join(root, 'mlp', '1')}/config.yaml: `);
});

test('a model that another process works on for half a minute is locked', async () => {
  const model = await temporaryFolder();
  const unlock = await lockFolder(model);
  const now = performance.now.bind(performance);
  let calls = 0;
  performance.now = () => now() + (calls++ === 0 ? 0 : 30_000);
  try {
    await expect(withModel(model, () => Promise.resolve(1))).rejects.toThrow('is at work on it');
  } finally {
    performance.now = now;
    await unlock();
  }
  expect(await withModel(model, () => Promise.resolve(2))).toBe(2);
  // It is unlocked after an error, too.
  await expect(withModel(model, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  expect(await readdir(model)).toEqual([]);
});

test('the mark of a version goes with the service, and that of a killed process is removed', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'mlp', 1);
  const model = join(root, 'mlp');
  const release = await markServed(root, join(model, '1'));
  const left = join(model, 'served', '1.0123456789ab');
  await mkdir(left);
  expect(await isServed(model, 1)).toBe(true);
  await release();
  expect(await isServed(model, 1)).toBe(false);
  expect(await readdir(join(model, 'served')).catch(() => [])).toEqual([]);
});

test('a registry that someone put an autoencoder into serves no autoencoder', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'coder', 1, 'autoencoder');
  const path = join(root, 'coder', '1');
  const folder = await openModelFolder(path);
  expect(() => loadModel(folder)).toThrow(
    `the registry takes classifiers; ${path} is an autoencoder. Promote a run of a classifier: npx tsx src/registry.ts promote --help`,
  );
});
