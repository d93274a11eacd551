import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import type { DataConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { writePointer } from '../../../src/pipeline/data/dvc/pointer.ts';
import { DataError } from '../../../src/pipeline/data/errors.ts';
import { folderText } from '../../../src/pipeline/data/folderReport.ts';
import { writeIdxImages, writeIdxLabels } from '../../../src/pipeline/data/idx.ts';
import { loadOwn } from '../../../src/pipeline/data/own/load.ts';
import { silentReporter } from '../../../src/pipeline/data/reporter.ts';
import { forgePng } from '../../serve/forgePng.ts';
import { temporaryFolder } from './fixture.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

async function folderOf(files: Files): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

function load(root: string, also: Partial<DataConfiguration> & Pick<DataConfiguration, 'format'>) {
  const augmentation = { flip: 0, shift: 0, erase: 0, eraseArea: [0, 1] } as const;
  const configuration = { name: 'mine', root, validation: 0, augmentation, ...also };
  return loadOwn(configuration, silentReporter, new AbortController().signal);
}

/** Images of 2 × 3 pixels whose bytes count up. */
function idx(labels: readonly number[], prefix = 'train', rows = 2, columns = 3): Files {
  const count = labels.length;
  const pixels = Uint8Array.from({ length: count * rows * columns }, (_, at) => at);
  return {
    [`${prefix}-images-idx3-ubyte`]: writeIdxImages({ count, rows, columns, pixels }),
    [`${prefix}-labels-idx1-ubyte`]: writeIdxLabels(Uint8Array.from(labels)),
  };
}

function zipped(files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
}

function png(width: number, height: number, grey: number | ((at: number) => number)): Uint8Array {
  const value = typeof grey === 'number' ? () => grey : grey;
  const data = Uint8Array.from({ length: width * height }, (_, at) => value(at));
  return encode({ width, height, data, channels: 1, depth: 8 });
}

describe('IDX files', () => {
  test('of any size and any number of classes, plain or gzip, with their statistics', async () => {
    const root = await folderOf({ ...idx([0, 2, 1, 2]), ...zipped(idx([1], 't10k')) });
    const { train, test: tested, description, checksums } = await load(root, { format: 'idx' });
    expect(train).toEqual({
      images: Uint8Array.from({ length: 24 }, (_, at) => at),
      labels: Uint8Array.of(0, 2, 1, 2),
      count: 4,
    });
    expect(tested).toEqual({ images: Uint8Array.of(0, 1, 2, 3, 4, 5), labels: Uint8Array.of(1), count: 1 });
    // Of 0 to 23: mean 11.5, variance (24² - 1) / 12.
    expect(description).toEqual({
      height: 2,
      width: 3,
      classes: ['0', '1', '2'],
      mean: 0.045098,
      std: Number((Math.sqrt(575 / 12) / 255).toFixed(6)),
      preparation: 'resize',
    });
    expect(Object.keys(checksums)).toHaveLength(4);
  });

  test("have EMNIST's names too, and class names", async () => {
    const root = await folderOf({
      ...idx([0, 1], 'emnist-letters-train'),
      ...idx([1], 'emnist-letters-test'),
    });
    const { description } = await load(root, { format: 'idx', classes: ['a', 'b'] });
    expect(description.classes).toEqual(['a', 'b']);
  });

  test.each<[string, Files, Partial<DataConfiguration>, RegExp]>([
    ['an empty folder', {}, {}, /no training images[^]*an empty folder/],
    [
      'images without labels',
      { 'train-images-idx3-ubyte': '' },
      {},
      /images and labels do not belong together/,
    ],
    [
      'a label too few',
      { ...idx([0, 1]), 'train-labels-idx1-ubyte': writeIdxLabels(Uint8Array.of(0)) },
      {},
      /one label for each of the 2 images[^]*1 labels/,
    ],
    ['one class', idx([3, 3]), {}, /nothing to tell apart[^]*2 images of one class/],
    ['no images', idx([]), {}, /nothing to tell apart[^]*no images/],
    [
      'a label without a name',
      idx([0, 2]),
      { classes: ['a', 'b'] },
      /label out of range[^]*0 to 1[^]*2 at index 1/,
    ],
    [
      'a test label that no training image has',
      { ...idx([0, 1]), ...idx([5], 't10k') },
      {},
      /t10k-labels.*label out of range/,
    ],
    [
      'test images of another size',
      { ...idx([0, 1]), ...idx([0], 't10k', 3, 2) },
      {},
      /another size[^]*2 × 3 pixels[^]*3 × 2/,
    ],
    [
      'a header that claims 4 · 10⁹ images',
      { ...idx([0, 1]), 'train-images-idx3-ubyte': Buffer.from('00000803ffffffff0000001c0000001c', 'hex') },
      {},
      /truncated, or its header lies/,
    ],
    [
      'equal pixels',
      {
        ...idx([0, 1]),
        'train-images-idx3-ubyte': writeIdxImages({
          count: 2,
          rows: 1,
          columns: 1,
          pixels: Uint8Array.of(7, 7),
        }),
      },
      { test: 1 },
      /all pixels .* are equal/,
    ],
    ['two data sets', { ...idx([0, 1]), ...idx([0, 1], 'emnist-train') }, {}, /several files for one part/],
    ['a test set of everything', idx([0, 1]), { test: 2 }, /data\.test: nothing is left to train on/],
  ])('%s is refused', async (_, files, also, message) => {
    const loading = load(await folderOf(files), { format: 'idx', ...also });
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
  });
});

describe('CSV files', () => {
  const line = (label: unknown, from: number): string =>
    [label, ...Array.from({ length: 4 }, (_, at) => from + at)].join(',');
  const HEADER = 'label,pixel1,pixel2,pixel3,pixel4';

  test("as Kaggle's, plain or gzip", async () => {
    const root = await folderOf({
      'fashion-mnist_train.csv': `${HEADER}\n${line(1, 10)}\r\n${line(0, 20)}\n`,
      'fashion-mnist_test.csv.gz': gzipSync(`${HEADER}\n${line(1, 251)}`),
    });
    const { train, test: tested, description } = await load(root, { format: 'csv' });
    expect([...train.images]).toEqual([10, 11, 12, 13, 20, 21, 22, 23]);
    expect([...train.labels]).toEqual([1, 0]);
    expect([...tested.images]).toEqual([251, 252, 253, 254]);
    expect(description).toMatchObject({ height: 2, width: 2, classes: ['0', '1'] });
  });

  test('may have names in capitals, too; the plain file goes before its packed copy', async () => {
    const csv = `${HEADER}\n${line(1, 10)}\n${line(0, 20)}\n`;
    const packed = { 'TRAIN.CSV.GZ': gzipSync(csv) };
    for (const files of [packed, { ...packed, 'TRAIN.CSV': csv }]) {
      const { train } = await load(await folderOf(files), { format: 'csv', test: 1 });
      expect(train.images).toHaveLength(4);
    }
  });

  test('of a test that no class is called as are refused, not taken as places', async () => {
    const root = await folderOf({
      'train.csv': `${HEADER}\n0.0,1,2,3,4\n1.0,1,2,3,4`,
      'test.csv': `${HEADER}\n0,1,2,3,4`,
    });
    await expect(load(root, { format: 'csv' })).rejects.toThrow(/a class: 0\.0, 1\.0[^]*0 in line 2/);
    const named = await load(root, { format: 'csv', classes: ['0.0', '1.0'] });
    expect([...named.test.labels]).toEqual([0]);
  });

  test('of training and test have the same columns', async () => {
    const body = '0,1,2,3,4\n1,1,2,3,4';
    const root = await folderOf({
      'train.csv': `label,pixel0,pixel1,pixel2,pixel3\n${body}`,
      'test.csv': `label,pixel1,pixel2,pixel3,pixel4\n${body}`,
    });
    await expect(load(root, { format: 'csv' })).rejects.toThrow(
      /test\.csv: other pixel columns than .*train\.csv/,
    );
  });

  test('have class names, quotes, a byte order mark, and a size that is no square', async () => {
    const rows = ['"b, c",1,"2",3,4', 'a,5,6,7,8', '"b, c",9,9,9,9', 'a,1,1,1,1'];
    const root = await folderOf({ 'train.csv': `\ufeff"label","1x1","1x2","1x3","1x4"\n${rows.join('\n')}` });
    const { description } = await load(root, { format: 'csv', test: 0.5 });
    expect(description).toMatchObject({ height: 1, width: 4, classes: ['a', 'b, c'] });
    const sized = await load(root, { format: 'csv', test: 0.5, size: [4, 1] });
    expect(sized.description).toMatchObject({ height: 4, width: 1 });
  });

  test.each<[string, string, Partial<DataConfiguration>, RegExp]>([
    ['no label column', 'class,pixel1\n1,2', {}, /no column label[^]*class,pixel1/],
    ['no header', '5,0,0,0,0\n4,1,1,1,1', {}, /no column label[^]*first line/],
    ['a column that is no pixel', 'label,id,pixel1\n1,2,3', {}, /the column id/],
    [
      'a value missing',
      `${HEADER}\n${line(0, 1)}\n1,2,3,4`,
      {},
      /line 3 has another number of values[^]*5, as the first line[^]*4/,
    ],
    ['an empty value', `${HEADER}\n0,1,2,,4`, {}, /line 2, column pixel3[^]*0 to 255[^]*nothing/],
    ['a fraction', `${HEADER}\n0,1,2,0.5,4`, {}, /line 2, column pixel3[^]*0\.5/],
    ['256', `${HEADER}\n0,1,2,256,4`, {}, /column pixel3[^]*256/],
    [
      'a label too large',
      `${HEADER}\n${line(0, 1)}\n${line(300, 1)}`,
      {},
      /label out of range[^]*300 in line 3/,
    ],
    [
      'a class that objects lose',
      `${HEADER}\n${line('a', 1)}\n${line('__proto__', 1)}`,
      {},
      /cannot be named __proto__/,
    ],
    ['an empty label', `${HEADER}\n${line('a', 1)}\n${line('', 1)}`, {}, /no label: image 1/],
    [
      'more class names than labels hold',
      `${HEADER}\n${Array.from({ length: 257 }, (_, at) => line(`c${at}`, 1)).join('\n')}`,
      {},
      /too many classes[^]*at most 256[^]*257 different labels/,
    ],
    [
      'columns in another order',
      `label,pixel1,pixel10,pixel2,pixel3\n0,1,2,3,4\n1,1,2,3,4`,
      {},
      /not in order[^]*pixel2 after pixel10/,
    ],
    ['a column twice', `label,pixel1,pixel1,pixel2,pixel3\n0,1,2,3,4\n1,1,2,3,4`, {}, /pixel1 after pixel1/],
    [
      'columns of rows and columns in another order',
      'label,1x1,2x1,1x2,2x2\n0,1,2,3,4\n1,1,2,3,4',
      {},
      /1x2 after 2x1/,
    ],
    [
      'a number past the last class',
      `${HEADER}\n${line('a', 1)}\n${line(1, 1)}\n${line(2, 1)}`,
      { classes: ['a', 'b'] },
      /from 0 to 1, or a class: a, b[^]*2 in line 4/,
    ],
    [
      'an unknown class',
      `${HEADER}\n${line('a', 1)}\n${line('c', 1)}`,
      { classes: ['a', 'b'] },
      /a class: a, b[^]*c in line 3/,
    ],
    [
      'no square',
      'label,pixel1,pixel2,pixel3\n0,1,2,3\n1,1,2,3',
      {},
      /size of the images is not known[^]*data\.size/,
    ],
    [
      'a size that does not fit',
      `${HEADER}\n${line(0, 1)}`,
      { size: [3, 3] },
      /wrong number of pixel columns[^]*9: 3 × 3[^]*4/,
    ],
    ['nothing', '', {}, /empty/],
    ['a line without end', `${HEADER}\n${'1'.repeat(9_000_000)}`, {}, /a line without end/],
  ])('%s is refused', async (_, text, also, message) => {
    const loading = load(await folderOf({ 'train.csv': text }), { format: 'csv', ...also });
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
  });
});

describe('image folders', () => {
  test('are read in the order of their names, classes sorted', async () => {
    const root = await folderOf({
      'train/dog/b.png': png(2, 1, 30),
      'train/dog/a.PNG': png(2, 1, 20),
      'train/cat/1.png': png(2, 1, 10),
      'train/cat/.DS_Store': 'x',
      'test/dog/1.png': png(2, 1, 40),
    });
    const { train, test: tested, description, checksums, version } = await load(root, { format: 'images' });
    expect(train).toEqual({
      images: Uint8Array.of(10, 10, 20, 20, 30, 30),
      labels: Uint8Array.of(0, 1, 1),
      count: 3,
    });
    expect(tested).toEqual({ images: Uint8Array.of(40, 40), labels: Uint8Array.of(1), count: 1 });
    expect(description).toMatchObject({ height: 1, width: 2, classes: ['cat', 'dog'] });
    expect(version).toMatch(/^[0-9a-f]{32}\.dir$/);
    expect(Object.keys(checksums)).toHaveLength(5);
  });

  test('are scaled to data.size, and need no train folder', async () => {
    const root = await folderOf({
      'a/1.png': png(4, 2, (at) => 10 * (at % 4)),
      'a/2.png': png(2, 2, 8),
      'b/1.png': png(2, 1, 100),
      'b/2.png': png(1, 1, 50),
    });
    const { train, test: tested } = await load(root, { format: 'images', size: [1, 2], test: 0.5 });
    const rows = [train, tested].flatMap(({ images }) => [
      [...images.subarray(0, 2)],
      [...images.subarray(2)],
    ]);
    expect(rows.sort((a, b) => a[0]! - b[0]!)).toEqual([
      [5, 25],
      [8, 8],
      [50, 50],
      [100, 100],
    ]);
  });

  test.each<[string, Files, Partial<DataConfiguration>, RegExp]>([
    ['no folders', { 'a.png': png(1, 1, 1) }, {}, /0 classes/],
    ['one class', { 'train/a/1.png': png(1, 1, 1) }, {}, /1 classes/],
    [
      'a class without pictures',
      { 'a/1.png': png(1, 1, 1), 'b/.keep': '' },
      {},
      /b: a class without pictures/,
    ],
    [
      'a damaged picture',
      { 'a/1.png': png(1, 1, 1), 'b/2.png': png(1, 1, 1).subarray(0, 40) },
      {},
      /b\/2\.png: .*cannot be decoded/,
    ],
    ['a text called .png', { 'a/1.png': png(1, 1, 1), 'b/2.png': 'hello' }, {}, /b\/2\.png: takes/],
    [
      'a picture of 900 megapixels',
      { 'a/1.png': png(1, 1, 1), 'b/2.png': forgePng(30_000, 30_000, Buffer.alloc(10)) },
      {},
      /b\/2\.png: takes a picture of at most 67108864 pixels/,
    ],
    ['another file', { 'a/1.png': png(1, 1, 1), 'b/2.tiff': 'x' }, {}, /b\/2\.tiff: not a picture/],
    [
      'pictures of different sizes',
      { 'a/1.png': png(2, 1, 1), 'b/2.png': png(1, 2, 1) },
      {},
      /b\/2\.png: another size than .*a\/1\.png[^]*1 × 2 pixels[^]*2 × 1[^]*data\.size/,
    ],
    [
      'a test class without training',
      { 'train/a/1.png': png(1, 1, 1), 'train/b/1.png': png(1, 1, 2), 'test/c/1.png': png(1, 1, 1) },
      {},
      /test\/c: no class of the training pictures/,
    ],
    [
      'a folder beside train',
      { 'train/a/1.png': png(1, 1, 1), 'train/b/1.png': png(1, 1, 2), 'val/a/1.png': png(1, 1, 1) },
      {},
      /val: not used[^]*data\.validation/,
    ],
  ])('%s: refused', async (_, files, also, message) => {
    const loading = load(await folderOf(files), { format: 'images', test: 1, ...also });
    await expect(loading).rejects.toThrow(DataError);
    await expect(loading).rejects.toThrow(message);
  });
});

test('without test images each class gives its share, the same ones for every seed', async () => {
  const labels = Array.from({ length: 50 }, (_, at) => Number(at < 30));
  const root = await folderOf(idx(labels));
  const { train, test: tested } = await load(root, { format: 'idx' });
  expect([train.count, tested.count]).toEqual([40, 10]);
  expect(tested.labels.reduce((sum, label) => sum + label, 0)).toBe(6);
  expect(await load(root, { format: 'idx' })).toMatchObject({ test: tested });
  const all = [train, tested].flatMap(({ images, count }) =>
    Array.from({ length: count }, (_, row) => images[6 * row]!),
  );
  expect(all.sort((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, row) => (6 * row) % 256).sort((a, b) => a - b),
  );
});

test('a folder is refused where it is not the version that is asked for or committed', async () => {
  const root = await folderOf(idx([0, 1, 0, 1, 0, 1]));
  const { version } = await load(root, { format: 'idx' });
  const other = `${'0'.repeat(32)}.dir`;
  await expect(load(root, { format: 'idx', version: other })).rejects.toThrow(
    /not the version of the data that was asked for[^]*0{32}\.dir, as data\.version says[^]*got/,
  );
  await writePointer(root);
  expect(await load(root, { format: 'idx', version })).toMatchObject({ version });
  await writeFile(join(root, 'train-labels-idx1-ubyte'), writeIdxLabels(Uint8Array.of(1, 0, 0, 1, 0, 1)));
  await expect(load(root, { format: 'idx' })).rejects.toThrow(
    /not the version of the data that is committed[^]*data\.ts lock/,
  );
  await rm(`${root}.dvc`);
});

test('status describes the folder, and how it differs from its pointer file', async () => {
  const root = await folderOf({ 'train.csv': 'label,pixel0' });
  const { md5 } = await writePointer(root);
  expect(await folderText(root)).toBe(
    `${root}: ${md5}, 1 files, 12 bytes; none of Fashion-MNIST's\n${root}.dvc: ${md5}`,
  );
  await writeFile(join(root, 'test.csv'), 'label,pixel0');
  expect(await folderText(root)).toMatch(
    /\n {2}changed {2}.*: another version: expected [0-9a-f]{32}\.dir, got/,
  );
  await rm(`${root}.dvc`);
  expect(await folderText(root)).toContain('not there, so any version is accepted');
});
