import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { FASHION_MNIST_DESCRIPTION } from '../../../../src/pipeline/data/description.ts';
import { corrupt } from '../../../../src/pipeline/data/corruptions/index.ts';
import { readPointer } from '../../../../src/pipeline/data/dvc/pointer.ts';
import { type FashionMnist } from '../../../../src/pipeline/data/fashionMnist.ts';
import type { ImageSet } from '../../../../src/pipeline/data/images.ts';
import { DeviceDataset } from '../../../../src/pipeline/data/loader.ts';
import { permutation } from '../../../../src/data/permutation.ts';
import { silentReporter } from '../../../../src/pipeline/data/reporter.ts';
import {
  DEFINITIONS,
  readDefinition,
  type Transform,
} from '../../../../src/pipeline/data/variants/definition.ts';
import { applySteps, imagesOf, pick } from '../../../../src/pipeline/data/variants/images.ts';
import {
  loadVariant,
  prepareVariant,
  type PrepareOptions,
} from '../../../../src/pipeline/data/variants/prepare.ts';
import { init } from '../../../../src/index.ts';
import { picture, PIXELS } from '../corruptions/fixture.ts';
import { temporaryFolder } from '../fixture.ts';

function small(count: number): ImageSet {
  const images = new Uint8Array(count * PIXELS);
  for (let index = 0; index < count; index++) images.set(picture(index), index * PIXELS);
  return { images, labels: Uint8Array.from({ length: count }, (_, index) => index % 10), count };
}

const source: FashionMnist = {
  train: small(60),
  test: small(30),
  checksums: { 'some-file': 'a'.repeat(32) },
};

const allSteps: Transform[] = [
  { step: 'subset', size: 0.5, classes: [1, 2, 3] },
  { step: 'augment', copies: 2, keep: true, flip: 0.5, shift: 2, erase: 0.5, eraseArea: [0.02, 0.3] },
  { step: 'corrupt', corruptions: ['shot_noise', 'fog', 'inverse'], severities: [2, 4] },
];

const TEXT = `name: mixed
description: A test.
seed: 5
train: ${JSON.stringify(allSteps)}
test:
  - {step: corrupt, corruptions: [glass_blur], severities: [3]}
`;

async function workplace(
  text = TEXT,
): Promise<{ root: string; options: PrepareOptions; definitions: string }> {
  const folder = await temporaryFolder();
  const definitions = join(folder, 'definitions');
  await mkdir(definitions);
  await writeFile(join(definitions, 'mixed.yaml'), text);
  const options = {
    original: () => Promise.resolve(source),
    reporter: silentReporter,
    signal: new AbortController().signal,
    definitions,
  };
  return { root: join(folder, 'raw'), options, definitions };
}

test('any order of generation gives the same images', () => {
  const inOrder = applySteps(imagesOf(source.train), allSteps, 5);
  const count = inOrder.labels.length;
  expect(count).toBe(9 * 3);
  const expected = Array.from({ length: count }, (_, index) => inOrder.image(index).slice());
  for (const order of [[...expected.keys()].reverse(), [...permutation(count, { seed: 1 })]]) {
    const fresh = applySteps(imagesOf(source.train), allSteps, 5);
    for (const index of order) expect(fresh.image(index)).toEqual(expected[index]);
  }
});

test('steps do what they say', async () => {
  const { train } = source;
  const subset = applySteps(imagesOf(train), [{ step: 'subset', size: 20 }], 1);
  expect([...subset.labels].sort()).toEqual(Array.from({ length: 20 }, (_, at) => at >> 1));
  const classes = applySteps(imagesOf(train), [{ step: 'subset', classes: [7, 4] }], 1);
  expect([...new Set(classes.labels)].sort()).toEqual([4, 7]);
  expect(classes.labels).toHaveLength(12);

  const step = { step: 'corrupt', corruptions: ['inverse', 'fog'], severities: [1, 5] } as const;
  const corrupted = applySteps(imagesOf(train), [step], 9);
  const chosen = [...train.labels.keys()].map((index) => pick(step, 9, index));
  expect(new Set(chosen.map(({ corruption, severity }) => `${corruption} ${severity}`)).size).toBe(4);
  expect(corrupted.image(17)).toEqual(corrupt(picture(17), { ...chosen[17]!, seed: 9, index: 17 }));

  // Copies are what training with that augmentation shows in the epoch of that number.
  const augmentation = { flip: 0.5, shift: 3, erase: 0.5, eraseArea: [0.1, 0.3] } as const;
  const augmented = applySteps(
    imagesOf(train),
    [{ step: 'augment', copies: 2, keep: true, ...augmentation }],
    11,
  );
  expect(augmented.labels).toEqual(Uint8Array.from([...train.labels, ...train.labels, ...train.labels]));
  expect(augmented.image(8)).toEqual(picture(8));
  const device = await init('cpu');
  const set = new DeviceDataset(device, train, FASHION_MNIST_DESCRIPTION);
  const order = set.order(Uint32Array.of(8));
  const shown = set.batch(order, 0, 1, { ...augmentation, seed: 11, stream: 1 });
  const values = await shown.images.data();
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * (0.353 * value + 0.286)));
  expect(augmented.image(2 * 60 + 8)).toEqual(bytes);
});

test('a version is prepared whole, left when intact, loaded, and made again to the same bytes', async () => {
  const { root, options } = await workplace();
  const first = await prepareVariant(root, 'mixed', options);
  expect(first.made).toBe(true);
  expect(await readPointer(first.folder)).toMatchObject({ md5: first.md5, nfiles: 7, path: 'mixed' });
  expect(readdirSync(join(root, '..', 'processed')).sort()).toEqual(['mixed', 'mixed.dvc']);
  expect(await prepareVariant(root, 'mixed', options)).toEqual({ ...first, made: false });

  const { train, test: testSet, checksums } = await loadVariant(root, 'mixed');
  expect([train.count, testSet.count]).toEqual([27, 30]);
  expect(testSet.images.subarray(0, PIXELS)).toEqual(
    corrupt(picture(0), { corruption: 'glass_blur', severity: 3, seed: 5, index: 0 }),
  );
  expect(Object.keys(checksums)).toHaveLength(4);

  const other = await workplace();
  expect((await prepareVariant(other.root, 'mixed', other.options)).md5).toBe(first.md5);
  await rm(first.folder, { recursive: true });
  expect(await prepareVariant(root, 'mixed', options)).toEqual(first);
});

test('the card and the metadata say what is in the files', async () => {
  const { root, options } = await workplace();
  const { folder } = await prepareVariant(root, 'mixed', options);
  const card = await readFile(join(folder, 'README.md'), 'utf8');
  expect(card).toMatch(/^---\npretty_name: mixed\nlicense: mit\n[^]*n<1K[^]*\n---\n/);
  expect(card).toContain('| 1 | Trouser | 9 | 3 |');
  expect(card).toContain('|  | all | 27 | 30 |');
  const { checksums } = await loadVariant(root, 'mixed');
  const metadata = JSON.parse(await readFile(join(folder, 'croissant.json'), 'utf8')) as {
    distribution: { name: string; md5: string }[];
  };
  expect(Object.fromEntries(metadata.distribution.map(({ name, md5 }) => [name, md5]))).toEqual(checksums);
  for (const sum of Object.values(checksums)) expect(card).toContain(sum);
});

test('a changed file is refused, and replaced when preparing is told to', async () => {
  const { root, options } = await workplace();
  const { folder, md5 } = await prepareVariant(root, 'mixed', options);
  const labels = join(folder, 'train-labels-idx1-ubyte');
  await writeFile(labels, 'no labels');
  await expect(loadVariant(root, 'mixed')).rejects.toThrow(/changed[^]*data\.ts prepare mixed .*--replace/);
  for (const repoint of [false, true]) {
    await expect(prepareVariant(root, 'mixed', { ...options, repoint })).rejects.toThrow(
      /not the version that .*mixed\.dvc names; nothing was written[^]*prepare mixed .*--replace/,
    );
  }
  expect(await readFile(labels, 'utf8')).toBe('no labels');
  expect(await prepareVariant(root, 'mixed', { ...options, replace: true })).toMatchObject({
    md5,
    made: true,
  });
  await loadVariant(root, 'mixed');
});

test('a folder of the user under the name of a version is refused', async () => {
  const { root, options } = await workplace();
  const folder = join(root, '..', 'processed', 'mixed');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'mine.txt'), 'mine');
  await expect(prepareVariant(root, 'mixed', { ...options, repoint: true })).rejects.toThrow(
    /without .*mixed\.dvc; nothing was written/,
  );
  expect(await readdir(join(root, '..', 'processed'))).toEqual(['mixed']);
  expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('mine');
});

test('a pointer file that names another version is only written anew when asked to', async () => {
  const { root, options, definitions } = await workplace();
  const before = await prepareVariant(root, 'mixed', options);
  await writeFile(join(definitions, 'mixed.yaml'), TEXT.replace('seed: 5', 'seed: 6'));
  await expect(prepareVariant(root, 'mixed', options)).rejects.toThrow(
    /names another version[^]*prepare mixed/,
  );
  expect((await loadVariant(root, 'mixed')).train.count).toBe(27);
  expect((await readPointer(before.folder)).md5).toBe(before.md5);
  const after = await prepareVariant(root, 'mixed', { ...options, repoint: true });
  expect(after.md5).not.toBe(before.md5);
  expect((await readPointer(after.folder)).md5).toBe(after.md5);
});

test('an interruption leaves nothing', async () => {
  const { root, options } = await workplace();
  const interrupt = new AbortController();
  const reporter = { ...silentReporter, progress: () => interrupt.abort(new Error('stopped')) };
  const stopped = prepareVariant(root, 'mixed', { ...options, reporter, signal: interrupt.signal });
  await expect(stopped).rejects.toThrow('stopped');
  expect(await readdir(join(root, '..'))).toEqual(['definitions']);
});

test.each([
  ['an unknown key', TEXT.replace('seed', 'sead'), /mixed\.yaml[^]*sead/],
  ['an unknown corruption', TEXT.replace('glass_blur', 'glas_blur'), /corruptions/],
  ['severity 6', TEXT.replace('severities: [3]', 'severities: [6]'), /severities/],
  ['a severity twice', TEXT.replace('severities: [3]', 'severities: [3, 3]'), /at most once/],
  ['another name', TEXT.replace('name: mixed', 'name: other'), /not that of the file/],
  ['a path for a name', TEXT.replace('name: mixed', 'name: ../mixed'), /name/],
  ['no steps', 'name: mixed\ndescription: A test.\n', /a step/],
  ['too many copies', TEXT.replace('"copies":2', '"copies":1000000'), /copies/],
  ['a fraction above 1', TEXT.replace('"size":0.5', '"size":1.5'), /size/],
  ['more than there is', TEXT.replace('"size":0.5', '"size":1e6'), /more images than there are/],
  ['no images', TEXT.replace('"size":0.5', '"size":0.001'), /impossible number/],
  ['not a number', TEXT.replace('seed: 5', 'seed: .nan'), /seed/],
  ['aliases', `a: &a [1]\nb: *a\n`, /YAML/],
  ['no YAML', '{', /YAML/],
])('%s is refused, and nothing is written', async (_, text, message) => {
  const { root, options } = await workplace(text);
  await expect(prepareVariant(root, 'mixed', options)).rejects.toThrow(message);
  expect(await readdir(join(root, '..'))).toEqual(['definitions']);
});

test.each(['../raw', '', '.', '..', 'a/b', 'fashion-mnist', 'A', 'a..b', 'x.dvc', 'a'.repeat(101)])(
  'the name %j is refused',
  async (name) => {
    const { root, options } = await workplace();
    await expect(prepareVariant(root, name, options)).rejects.toThrow(
      /no version of the data set can be called/,
    );
    await expect(loadVariant(root, name)).rejects.toThrow(/no version/);
  },
);

test('the committed definitions are valid, and each has its pointer file', async () => {
  const names = readdirSync(DEFINITIONS).map((file) => file.replace(/\.yaml$/, ''));
  expect(names).toContain('corrupted-test');
  for (const name of names) {
    expect((await readDefinition(name)).name).toBe(name);
    expect((await readPointer(join('data/processed', name))).nfiles).toBe(7);
  }
});

test('where the folder of versions cannot be made, the error says so', async () => {
  const { root, options } = await workplace();
  await symlink('/proc/nowhere', join(root, '..', 'processed'));
  await expect(prepareVariant(root, 'mixed', options)).rejects.toThrow(/cannot be written|ENOENT|EEXIST/);
});
