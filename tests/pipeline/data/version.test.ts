import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { writeIdxLabels } from '../../../src/pipeline/data/idx.ts';
import type { Source } from '../../../src/pipeline/data/sources/source.ts';
import { loadVersion, PUBLISHED } from '../../../src/pipeline/data/version.ts';
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

test('five files of the user are named, and what more there are is counted', async () => {
  const root = await temporaryFolder();
  const refused = async (): Promise<string> =>
    String(await loadVersion(root, { sources: [source] }).catch((error: unknown) => error));
  for (let at = 1; at <= 5; at++) await writeFile(join(root, `${at}.csv`), '');
  expect(await refused()).toMatch(/1\.csv\n[^]*5\.csv\n/);
  expect(await refused()).not.toMatch(/and \d+ more/);
  await writeFile(join(root, '6.csv'), '');
  expect(await refused()).toContain('and 1 more');
  expect(await refused()).not.toContain('6.csv');
});

test('a pointer file of the published data says their size and number, too', async () => {
  for (const [size, nfiles, isTrue] of [
    [PUBLISHED.size, 4, true],
    [PUBLISHED.size - 1, 4, false],
    [PUBLISHED.size, 5, false],
  ] as const) {
    const root = join(await temporaryFolder(), 'raw');
    await mkdir(root);
    for (const { relpath } of PUBLISHED.files) await writeFile(join(root, relpath), '');
    const outs = [{ md5: PUBLISHED.md5, size, nfiles, hash: 'md5', path: 'raw' }];
    await writeFile(`${root}.dvc`, JSON.stringify({ outs }));
    await expect(loadVersion(root, { sources: [source] })).rejects.toThrow(
      isTrue
        ? 'not the version of the data that is committed'
        : 'the md5 is right, but not what stands beside it',
    );
  }
});
