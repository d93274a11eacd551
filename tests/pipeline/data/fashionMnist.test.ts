import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { md5 } from '../../../src/pipeline/data/dataFile.ts';
import { FASHION_MNIST_FILES, listFiles, loadFashionMnist } from '../../../src/pipeline/data/fashionMnist.ts';
import { CLASS_NAMES } from '../../../src/pipeline/data/images.ts';
import { writeIdxImages, writeIdxLabels } from '../../../src/pipeline/data/idx.ts';
import { formatStatus, inspectFiles } from '../../../src/pipeline/data/status.ts';
import { contents, type SmallDataSet, smallDataSet, temporaryFolder } from './fixture.ts';

async function folderWith(set: SmallDataSet): Promise<string> {
  const root = await temporaryFolder();
  for (const [file, bytes] of contents(set)) await writeFile(join(root, file.name), bytes);
  return root;
}

test('loads both sets, with the checksums that it verified', async () => {
  const set = smallDataSet();
  const { train, test: testSet, checksums } = await loadFashionMnist(await folderWith(set), set);
  expect([train.count, train.images.length, train.labels.length]).toEqual([20, 20 * 784, 20]);
  expect([testSet.count, testSet.images.length, testSet.labels.length]).toEqual([10, 10 * 784, 10]);
  expect(train.images).toEqual(new Uint8Array(set.bytes.get('train-images-idx3-ubyte')!.subarray(16)));
  expect(Array.from(testSet.labels)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(checksums).toEqual(Object.fromEntries(listFiles(set.files).map(({ name, md5 }) => [name, md5])));
});

test('reads a .gz where the decompressed file is absent', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const { name } = set.files.trainImages;
  await rm(join(root, name));
  await writeFile(join(root, `${name}.gz`), gzipSync(set.bytes.get(name)!));
  expect((await loadFashionMnist(root, set)).train.count).toBe(20);
  const [first] = await inspectFiles(root, set.files);
  expect(first).toMatchObject({ state: 'intact', path: join(root, `${name}.gz`) });
});

test('refuses a changed file, naming it with the checksum expected and got', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const { name, md5: published } = set.files.testImages;
  const changed = Buffer.from(set.bytes.get(name)!);
  changed[100]! ^= 1;
  await writeFile(join(root, name), changed);
  const load = loadFashionMnist(root, set);
  await expect(load).rejects.toThrow(`${join(root, name)}: not the published ${name}`);
  await expect(load).rejects.toThrow(published);
  await expect(load).rejects.toThrow(md5(changed));
});

test('says how to get a file that is missing', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  await rm(join(root, set.files.testLabels.name));
  await expect(loadFashionMnist(root, set)).rejects.toThrow(
    /t10k-labels-idx1-ubyte: not there[^]*data\.ts fetch/,
  );
});

test('refuses what is no regular file, and files too large to be right, without reading them', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const path = join(root, set.files.trainImages.name);
  await rm(path);
  await mkdir(path);
  await expect(loadFashionMnist(root, set)).rejects.toThrow(/not a regular file/);
  await rm(path, { recursive: true });
  await writeFile(path, Buffer.alloc(1_000_000));
  await expect(loadFashionMnist(root, set)).rejects.toThrow(/got {7}1000000 bytes/);
});

test('refuses a .gz that unpacks to more than the published size', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const { name } = set.files.trainLabels;
  await rm(join(root, name));
  await writeFile(join(root, `${name}.gz`), gzipSync(Buffer.alloc(2 ** 20)));
  await expect(loadFashionMnist(root, set)).rejects.toThrow(/unpacks to more than is allowed/);
});

test('where a SHA-256 is known, it is what a file is checked against', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const bytes = await readFile(join(root, set.files.testLabels.name));
  const load = (sha256: string) =>
    loadFashionMnist(root, { files: { ...set.files, testLabels: { ...set.files.testLabels, sha256 } } });
  await expect(load(createHash('sha256').update(bytes).digest('hex'))).resolves.toBeDefined();
  await expect(load('0'.repeat(64))).rejects.toThrow(/not the published t10k-labels/);
});

test('refuses images and labels that do not belong together, and images of another size', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  const put = async (name: string, bytes: Buffer) => {
    await writeFile(join(root, name), bytes);
    return { name, bytes: bytes.length, md5: md5(bytes) };
  };
  const trainLabels = await put('train-labels-idx1-ubyte', writeIdxLabels(new Uint8Array(19)));
  await expect(loadFashionMnist(root, { files: { ...set.files, trainLabels } })).rejects.toThrow(
    /do not belong together[^]*20 images[^]*19 labels/,
  );
  const wide = { count: 20, rows: 4, columns: 5, pixels: new Uint8Array(400) };
  const trainImages = await put('train-images-idx3-ubyte', writeIdxImages(wide));
  await expect(loadFashionMnist(root, { files: { ...set.files, trainLabels, trainImages } })).rejects.toThrow(
    /wrong image size[^]*28 × 28[^]*4 × 5/,
  );
});

test('the status tells intact, changed and missing files apart', async () => {
  const set = smallDataSet();
  const root = await folderWith(set);
  await rm(join(root, set.files.testLabels.name));
  await writeFile(join(root, set.files.testImages.name), 'something else');
  const states = await inspectFiles(root, set.files);
  expect(states.map(({ state }) => state)).toEqual(['intact', 'intact', 'changed', 'missing']);
  const lines = formatStatus(states).split('\n');
  expect(lines).toHaveLength(1 + 4 + 2);
  expect(lines[1]).toMatch(/^train-images-idx3-ubyte +intact +15696 +[0-9a-f]{32}$/);
  expect(lines[5]).toContain('expected 7856 bytes, md5');
  expect(lines[6]).toContain('not there');
});

test('the published constants', () => {
  expect(CLASS_NAMES).toHaveLength(10);
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  expect(trainImages.bytes).toBe(16 + 60_000 * 784);
  expect(trainLabels.bytes).toBe(8 + 60_000);
  expect(testImages.bytes).toBe(16 + 10_000 * 784);
  expect(testLabels.bytes).toBe(8 + 10_000);
});
