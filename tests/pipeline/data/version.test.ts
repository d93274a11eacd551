import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { writeIdxLabels } from '../../../src/pipeline/data/idx.ts';
import type { Source } from '../../../src/pipeline/data/sources/source.ts';
import { loadVersion } from '../../../src/pipeline/data/version.ts';
import { temporaryFolder } from './fixture.ts';

/** A source that must not be asked. */
const source: Source = {
  name: 'mirror',
  open: () => Promise.reject(new Error('the source was asked')),
};

test("the user's files under the four names are neither replaced nor trained on", async () => {
  const root = await temporaryFolder();
  const mine = writeIdxLabels(Uint8Array.of(0, 1, 2));
  await writeFile(join(root, 'train-labels-idx1-ubyte'), mine);
  await expect(loadVersion(root, { sources: [source] })).rejects.toThrow(
    /train-labels-idx1-ubyte.* got 11 bytes, md5 [0-9a-f]{32}/,
  );
  expect(await readdir(root)).toEqual(['train-labels-idx1-ubyte']);
  expect(await readFile(join(root, 'train-labels-idx1-ubyte'))).toEqual(mine);
});

test.each(['data.csv', 'train/cat/1.png'])('nothing is put beside a file of the user: %s', async (path) => {
  const root = await temporaryFolder();
  await mkdir(join(root, 'train/cat'), { recursive: true });
  await writeFile(join(root, path), 'mine');
  const version = `${'0'.repeat(32)}.dir`;
  for (const options of [{}, { version }]) {
    const loading = loadVersion(root, { ...options, sources: [source] });
    await expect(loading).rejects.toThrow(`holds other files than Fashion-MNIST's; nothing was written`);
    await expect(loading).rejects.toThrow(path);
  }
  expect((await readdir(root)).sort()).toEqual(path === 'data.csv' ? ['data.csv', 'train'] : ['train']);
});

test('a started download is no stranger', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, 'train-images-idx3-ubyte.gz.host.part'), 'begun');
  await expect(loadVersion(root, { sources: [source] })).rejects.toThrow('the source was asked');
});
