// Which images files and folders hold, and what is written about them.

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import type { DataDescription } from '../../src/pipeline/data/description.ts';
import { writeIdxImages } from '../../src/pipeline/data/idx.ts';
import { readInputs } from '../../src/serve/offline/inputs.ts';
import { jsonOutput } from '../../src/serve/offline/output.ts';
import { predictFiles, type PredictFilesOptions } from '../../src/serve/offline/predictFiles.ts';
import { temporaryFolder } from './fixture.ts';

const DATA: DataDescription = {
  height: 2,
  width: 3,
  classes: ['a', 'b', 'c'],
  mean: 0.5,
  std: 0.25,
  preparation: 'resize',
};

const png = (value: number): Uint8Array =>
  encode({ width: 3, height: 2, data: new Uint8Array(6).fill(value), channels: 1, depth: 8 });

/** Each image by its path, its row and its first pixel; each problem by its path. */
async function listed(paths: string[], locate?: (path: string) => string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const input of readInputs(paths, DATA, locate)) {
    found.push('problem' in input ? [input.path, input.problem] : [input.path, input.row, input.pixels[0]]);
  }
  return found;
}

test('IDX and CSV files are known by their ends, packed or not', async () => {
  const folder = await temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const idx = writeIdxImages({
    count: 2,
    rows: 2,
    columns: 3,
    pixels: Uint8Array.of(1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0),
  });
  const csv = 'p0,p1,p2,p3,p4,p5\n3,0,0,0,0,0\n4,0,0,0,0,0\n';
  await writeFile(file('a-idx3-ubyte'), idx);
  await writeFile(file('a-idx3-ubyte.gz'), gzipSync(idx));
  await writeFile(file('a.csv'), csv);
  await writeFile(file('a.csv.gz'), gzipSync(csv));
  await writeFile(file('A.CSV'), csv);
  await writeFile(file('A.CSV.GZ'), gzipSync(csv));
  for (const [name, ...first] of [
    ['a-idx3-ubyte', 1, 2],
    ['a-idx3-ubyte.gz', 1, 2],
    ['a.csv', 3, 4],
    ['a.csv.gz', 3, 4],
    ['A.CSV', 3, 4],
    ['A.CSV.GZ', 3, 4],
  ] as const) {
    expect(await listed([file(name)])).toEqual(first.map((pixel, row) => [file(name), row, pixel]));
  }
});

test('images that are turned by a quarter have another size', async () => {
  const file = join(await temporaryFolder(), 'a-idx3-ubyte');
  await writeFile(file, writeIdxImages({ count: 1, rows: 3, columns: 2, pixels: new Uint8Array(6) }));
  expect(await listed([file])).toEqual([
    [file, 'images of another size than the model takes: expected 2 × 3 pixels, got 3 × 2 pixels'],
  ]);
});

test('a folder holds all pictures below it, each once, in order; not folders of such names', async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 17 }, (_, at) => `${String(at).padStart(2, '0')}.png`);
  for (const [at, name] of names.entries()) await writeFile(join(folder, name), png(at));
  await mkdir(join(folder, 'z.png', 'deep'), { recursive: true });
  await writeFile(join(folder, 'z.png', 'deep', 'x.PNG'), png(99));
  // A link that leads nowhere is no folder; with the name of a picture it is one that cannot be read.
  await symlink('nowhere', join(folder, 'gone'));
  await symlink('nowhere', join(folder, 'gone.png'));
  const found = await listed([folder]);
  expect(found).toEqual([
    ...names.map((name, at) => [join(folder, name), undefined, at]),
    [join(folder, 'gone.png'), expect.stringMatching(/^cannot be read: .*ENOENT/)],
    [join(folder, 'z.png', 'deep', 'x.PNG'), undefined, 99],
  ]);
});

test('a folder with nothing but a link to a folder names the link', async () => {
  const folder = await temporaryFolder();
  await symlink(await temporaryFolder(), join(folder, 'linked'));
  expect(await listed([folder])).toEqual([
    [join(folder, 'linked'), 'a link to a folder, which is not followed'],
  ]);
});

test('paths are shown as they were given, wherever they lie', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'in', 'a.png'), png(5));
  await writeFile(join(folder, 'b.png'), 'no picture');
  const locate = (path: string): string => join(folder, path);
  expect(await listed(['in', 'b.png', 'none', 'in/a.png'], locate)).toEqual([
    [join('in', 'a.png'), undefined, 5],
    ['b.png', expect.stringMatching(/^takes a picture/)],
    ['none', expect.stringMatching(/^cannot be read: /)],
    ['in/a.png', undefined, 5],
  ]);
});

/** A model that is sure of the class of the first pixel, and undecided between all where there is none such. */
function predicted(paths: string[], batchSize: number, changes: Partial<PredictFilesOptions> = {}) {
  const [texts, progress, batches]: [string[], number[], number[]] = [[], [], []];
  const model = {
    batchSize,
    predict: (images: readonly ArrayLike<number>[]) => {
      batches.push(images.length);
      return Promise.resolve(
        images.map((image) => Float32Array.from(DATA.classes, (_, label) => Number(label === image[0]))),
      );
    },
  };
  const result = predictFiles(model, DATA, paths, {
    format: jsonOutput('m', DATA.classes),
    write: (text) => Promise.resolve(void texts.push(text)),
    onProgress: (images) => progress.push(images),
    signal: new AbortController().signal,
    ...changes,
  });
  return { result, texts, progress, batches };
}

async function pictures(...values: number[]): Promise<string[]> {
  const folder = await temporaryFolder();
  return Promise.all(
    values.map(async (value, at) => {
      const path = join(folder, `${at}.png`);
      await writeFile(path, png(value));
      return path;
    }),
  );
}

test('images are computed in full batches, the rest in one more; the most probable class is told, the first of equals', async () => {
  const paths = await pictures(0, 2, 1, 9);
  for (const [batchSize, expected] of [
    [1, [1, 1, 1, 1]],
    [2, [2, 2]],
    [3, [3, 1]],
    [4, [4]],
    [5, [4]],
  ] as const) {
    const { result, texts, progress, batches } = predicted(paths, batchSize);
    expect(await result).toEqual({ images: 4, unreadable: [] });
    expect(batches).toEqual(expected);
    let sum = 0;
    expect(progress).toEqual(expected.map((count) => (sum += count)));
    const { predictions } = JSON.parse(texts.join('')) as { predictions: object[] };
    const one = (path: string, label: number, probability: number) => ({
      path,
      class: label,
      name: DATA.classes[label],
      probability,
      probabilities: Object.fromEntries(
        DATA.classes.map((name, at) => [name, at === label ? probability : 0]),
      ),
    });
    expect(predictions).toEqual([
      one(paths[0]!, 0, 1),
      one(paths[1]!, 2, 1),
      one(paths[2]!, 1, 1),
      one(paths[3]!, 0, 0),
    ]);
  }
});

test('without images there is a document without predictions, and no batch', async () => {
  const { result, texts, progress, batches } = predicted(['here/none.png'], 4, {
    locate: (path) => `/nowhere/${path}`,
  });
  const problem = expect.stringContaining('/nowhere/here/none.png') as string;
  const unreadable = [{ path: 'here/none.png', problem }];
  expect(await result).toEqual({ images: 0, unreadable });
  expect([progress, batches]).toEqual([[], []]);
  expect(JSON.parse(texts.join(''))).toEqual({
    model: 'm',
    classes: DATA.classes,
    predictions: [],
    unreadable,
  });
});

test('what is interrupted ends with the reason, and writes no end', async () => {
  const paths = await pictures(0, 1, 2);
  const controller = new AbortController();
  const { result, texts, batches } = predicted(paths, 1, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('interrupted')),
  });
  await expect(result).rejects.toThrow('interrupted');
  expect(batches).toEqual([1]);
  expect(texts.join('')).not.toContain('unreadable');
});
