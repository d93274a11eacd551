import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { DataError } from '../../../src/pipeline/data/errors.ts';
import {
  FASHION_MNIST_CONTENTS,
  listFiles,
  loadFashionMnist,
} from '../../../src/pipeline/data/fashionMnist.ts';
import { contentHash } from '../../../src/pipeline/data/import/content.ts';
import {
  importFashionMnist,
  type ImportOptions,
  importText,
  type Published,
} from '../../../src/pipeline/data/import/importFashionMnist.ts';
import type { ImageSet } from '../../../src/pipeline/data/images.ts';
import { fetchFashionMnist } from '../../../src/pipeline/data/sources/fetch.ts';
import { contents, recordingReporter, smallDataSet, temporaryFolder } from './fixture.ts';

const small = smallDataSet();
let published: Published;
let sets: Readonly<Record<'train' | 'test', ImageSet>>;

beforeAll(async () => {
  const { files } = small;
  const set = (images: string, labels: string): ImageSet => ({
    images: small.bytes.get(images)!.subarray(16),
    labels: small.bytes.get(labels)!.subarray(8),
    count: small.bytes.get(labels)!.length - 8,
  });
  sets = {
    train: set(files.trainImages.name, files.trainLabels.name),
    test: set(files.testImages.name, files.testLabels.name),
  };
  published = { files, contents: { train: contentHash(sets.train), test: contentHash(sets.test) } };
  await Promise.resolve();
});

/** A CSV file as Kaggle's. */
function csv(
  { images, labels, count }: ImageSet,
  rows: readonly number[] = [...Array(count).keys()],
): string {
  const columns = Array.from({ length: 784 }, (_, at) => `pixel${at + 1}`);
  const lines = rows.map((row) => [labels[row], ...images.subarray(row * 784, (row + 1) * 784)].join(','));
  return `${[['label', ...columns].join(','), ...lines].join('\n')}\n`;
}

const backwards = (set: ImageSet): string => csv(set, [...Array(set.count).keys()].reverse());

/** Files as Kaggle's page has them. */
function kaggle(train: string, tested: string): Record<string, Uint8Array> {
  const tables = { 'fashion-mnist_test.csv': tested, 'fashion-mnist_train.csv': train };
  return {
    ...Object.fromEntries(Object.entries(tables).map(([name, text]) => [name, Buffer.from(text)])),
    ...Object.fromEntries(small.bytes),
  };
}

/** Writes files to a folder; their paths. */
async function written(files: Readonly<Record<string, string | Uint8Array>>): Promise<string[]> {
  const folder = await temporaryFolder();
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const [at, content] of Object.values(files).entries()) {
    await mkdir(dirname(paths[at]!), { recursive: true });
    await writeFile(paths[at]!, content);
  }
  return paths;
}

async function imported(paths: readonly string[], options: ImportOptions = {}, root?: string) {
  const folder = root ?? join(await temporaryFolder(), 'data', 'raw');
  const result = await importFashionMnist(paths, folder, { published, ...options });
  return { root: folder, ...result };
}

async function isPublished(root: string): Promise<void> {
  expect((await readdir(root)).sort()).toEqual([...small.bytes.keys()].sort());
  for (const [{ name }, bytes] of contents(small)) {
    expect(bytes.equals(await readFile(join(root, name)))).toBe(true);
  }
}

test('the hashes of contents are those of the published files', async () => {
  await fetchFashionMnist('data/raw');
  const { train, test: tested } = await loadFashionMnist('data/raw');
  expect({ train: contentHash(train), test: contentHash(tested) }).toEqual(FASHION_MNIST_CONTENTS);
});

describe('imported', () => {
  test.each<[string, () => Record<string, string | Uint8Array>]>([
    ["Kaggle's archive", () => ({ 'archive.zip': zipSync(kaggle(backwards(sets.train), 'broken')) })],
    [
      'an archive with folders, and what macOS adds',
      () => ({
        'a.ZIP': zipSync({
          ...Object.fromEntries([...small.bytes].map(([name, bytes]) => [`fashion/${name}`, bytes])),
          ...Object.fromEntries(
            [...small.bytes].map(([name]) => [`__MACOSX/fashion/${name}`, new Uint8Array(9)]),
          ),
        }),
      }),
    ],
    ['an archive that only stores', () => ({ 'archive.zip': zipSync(kaggle('', ''), { level: 0 }) })],
    ['the IDX files', () => Object.fromEntries(small.bytes)],
    [
      'the IDX files as .gz',
      () => Object.fromEntries([...small.bytes].map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)])),
    ],
    [
      'CSV files in the published order',
      () => ({
        'fashion-mnist_train.csv': csv(sets.train),
        'fashion-mnist_test.csv.gz': gzipSync(csv(sets.test)),
      }),
    ],
    [
      'IDX files of one part and a table of the other, in an archive',
      () => ({
        'archive.zip': zipSync({
          'test.csv': Buffer.from(csv(sets.test)),
          ...Object.fromEntries([...small.bytes].filter(([name]) => name.startsWith('train'))),
        }),
      }),
    ],
  ])('%s: the published files', async (_, files) => {
    const { root, reordered, files: states, version } = await imported(await written(files()));
    await isPublished(root);
    expect(reordered).toEqual([]);
    expect(states).toEqual(listFiles(small.files).map(({ name, md5 }) => ({ name, md5, state: 'written' })));
    expect(importText('data/raw', { files: states, reordered, version })).toMatch(
      /published files, byte for byte\nnext {2}npx tsx src\/train\.ts configs\/mlp\.yaml$/,
    );
  });

  test('CSV files in another order: compared as a set, in their order, a version of its own', async () => {
    const reporter = recordingReporter();
    const tables = { 'x_train.csv': backwards(sets.train), 'x_test.csv': csv(sets.test) };
    const { root, ...result } = await imported(await written(tables), { reporter });
    expect(result.reordered).toEqual(['train']);
    const labels = await readFile(join(root, 'train-labels-idx1-ubyte'));
    expect([...labels.subarray(8)]).toEqual([...sets.train.labels].reverse());
    const images = await readFile(join(root, 'train-images-idx3-ubyte'));
    expect(images.subarray(16, 16 + 784).equals(sets.train.images.subarray(-784))).toBe(true);
    expect(images.subarray(0, 16)).toEqual(small.bytes.get('train-images-idx3-ubyte')!.subarray(0, 16));
    expect(importText(root, result)).toContain('those of train in another order');
    expect(importText(root, result)).toMatch(
      new RegExp(`next {2}.* data\\.root=\\S+ data\\.version=${result.version}$`),
    );
  });

  test('an intact folder stays; other files are replaced only on request', async () => {
    const { root } = await imported(await written(Object.fromEntries(small.bytes)));
    const again = await imported(await written(kaggle('', '')), {}, root);
    expect(again.files.map(({ state }) => state)).toEqual(['intact', 'intact', 'intact', 'intact']);

    const tables = await written({ 'train.csv': backwards(sets.train), 'test.csv': csv(sets.test) });
    await expect(imported(tables, {}, root)).rejects.toThrow(
      /other files are there; nothing was written[^]*train-images[^]*train-labels[^]*--replace/,
    );
    await isPublished(root);
    const replaced = await imported(tables, { replace: true }, root);
    expect(replaced.files.map(({ state }) => state)).toEqual(['written', 'written', 'intact', 'intact']);
    expect(await readdir(root)).toHaveLength(4);
  });
});

describe('refused, and nothing written', () => {
  const text = (part: 'train' | 'test'): string => csv(sets[part]);
  const both = (train: string): Record<string, string> => ({ 'train.csv': train, 'test.csv': text('test') });
  const lines = (): string[] => text('train').trimEnd().split('\n');
  const edited = (line: number, change: (fields: string[]) => void): string => {
    const all = lines();
    const fields = all[line]!.split(',');
    change(fields);
    all[line] = fields.join(',');
    return all.join('\n');
  };
  const archive = (): Uint8Array => zipSync(kaggle(text('train'), text('test')), { level: 0 });
  /** An archive whose directory states `size` for the unpacked size of each file. */
  const lying = (size: number): Uint8Array => {
    const bytes = Buffer.from(zipSync(kaggle(text('train'), text('test'))));
    for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4)) {
      bytes.writeUInt32LE(size, at + 24);
    }
    return bytes;
  };

  test.each<[string, () => Record<string, string | Uint8Array>, RegExp]>([
    ['one part', () => ({ 'train.csv': text('train') }), /no test images[^]*t10k-images[^]*train\.csv/],
    ['other files', () => ({ 'a.txt': 'hello' }), /no training images[^]*a\.txt[^]*kaggle\.com/],
    ['an empty archive', () => ({ 'a.zip': zipSync({ 'x/': new Uint8Array(0) }) }), /no training images/],
    [
      'two tables for one part',
      () => ({ ...both(text('train')), 'b/train.csv': text('train') }),
      /several files for one part[^]*train\.csv\n[^]*train\.csv/,
    ],
    [
      'a truncated archive',
      () => ({ 'a.zip': archive().subarray(0, -100) }),
      /a\.zip: a damaged or truncated zip/,
    ],
    [
      'a damaged file in an archive',
      () => {
        const bytes = archive();
        bytes[bytes.indexOf(0x03, Buffer.from(bytes).indexOf('train-images-idx3-ubyte')) + 500]! ^= 1;
        return { 'a.zip': bytes };
      },
      /a\.zip: train-images-idx3-ubyte: not the published[^]*download it again/,
    ],
    [
      'an archive that states 4 GB',
      () => ({ 'a.zip': lying(0xfffffffe) }),
      /is too large[^]*at most \d+ bytes[^]*4294967294/,
    ],
    ['an archive that states less than there is', () => ({ 'a.zip': lying(100) }), /not the published/],
    [
      'an archive of too many files',
      () => ({
        'a.zip': zipSync(
          Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [`${at}`, new Uint8Array(0)])),
        ),
      }),
      /too many files[^]*10000/,
    ],
    [
      'labels of another data set',
      () => ({
        ...Object.fromEntries(small.bytes),
        'train-labels-idx1-ubyte': Buffer.from(small.bytes.get('train-labels-idx1-ubyte')!).fill(3, 8),
      }),
      /train-labels-idx1-ubyte: not the published[^]*md5/,
    ],
    [
      'a pixel changed',
      () => both(edited(3, (fields) => (fields[9] = fields[9] === '1' ? '2' : '1'))),
      /train\.csv: not the images of Fashion-MNIST[^]*20 images[^]*your-own-data/,
    ],
    [
      'labels exchanged',
      () => both(edited(1, (fields) => (fields[0] = '7'))),
      /not the images of Fashion-MNIST/,
    ],
    [
      'an image twice',
      () => both([...lines().slice(0, -1), lines()[1]!].join('\n')),
      /not the images of Fashion-MNIST/,
    ],
    [
      'an image too few',
      () => both(lines().slice(0, -1).join('\n')),
      /train\.csv: too few images[^]*20\n[^]*19/,
    ],
    ['an image too many', () => both(`${text('train')}${lines()[1]!}`), /too many images[^]*20/],
    [
      'a pixel of 256',
      () => both(edited(2, (fields) => (fields[5] = '256'))),
      /line 3, column pixel5[^]*256/,
    ],
    [
      'a label of 10',
      () => both(edited(2, (fields) => (fields[0] = '10'))),
      /line 3: no label[^]*0 to 9[^]*10/,
    ],
    [
      'a value too few',
      () => both(edited(4, (fields) => fields.pop())),
      /line 5 has another number of values/,
    ],
    ['other images', () => both('label,pixel1\n1,2'), /784 pixels[^]*1 pixels/],
    [
      'damaged gzip',
      () => ({ 'train.csv.gz': gzipSync(text('train')).subarray(0, 900), 'test.csv': text('test') }),
      /damaged or truncated gzip/,
    ],
  ])('%s', async (_, files, message) => {
    const paths = await written(files());
    const root = join(await temporaryFolder(), 'raw');
    const importing = imported(paths, {}, root);
    await expect(importing).rejects.toThrow(DataError);
    await expect(importing).rejects.toThrow(message);
    await expect(readdir(root)).rejects.toThrow('ENOENT');
  });

  test('a path that is absent, a folder or a pipe, which would be waited for without end', async () => {
    const folder = await temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(imported([join(folder, 'pipe')])).rejects.toThrow(/it is not a regular file/);
    await expect(imported([join(folder, 'x.zip')])).rejects.toThrow(/x\.zip: cannot be read[^]*ENOENT/);
    await expect(imported([folder])).rejects.toThrow(/it is not a regular file/);
  });

  test('what Ctrl-C ends', async () => {
    const paths = await written(both(text('train')));
    const root = join(await temporaryFolder(), 'raw');
    const controller = new AbortController();
    const reporter = { ...recordingReporter(), progress: () => controller.abort(new Error('stopped')) };
    await expect(imported(paths, { signal: controller.signal, reporter }, root)).rejects.toThrow('stopped');
    await expect(readdir(root)).rejects.toThrow('ENOENT');
  });
});
