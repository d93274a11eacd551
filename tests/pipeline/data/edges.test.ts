// Limits and rare branches of the modules that read, divide and describe data.
import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { ERASE_AREA, type DataConfiguration } from '../../../src/pipeline/config/data.ts';
import { augmentationParams, changesImages } from '../../../src/pipeline/data/augmentation.ts';
import { classTable, datasetCard, fileTable, sizeCategory } from '../../../src/pipeline/data/card.ts';
import { decodeDataFile, isAbsent, md5, readDataFile } from '../../../src/pipeline/data/dataFile.ts';
import { misfit } from '../../../src/pipeline/data/description.ts';
import { DataError, oneLine } from '../../../src/pipeline/data/errors.ts';
import { isGzip } from '../../../src/pipeline/data/gzipBytes.ts';
import {
  readIdxImages,
  readIdxLabels,
  writeIdxImages,
  writeIdxLabels,
} from '../../../src/pipeline/data/idx.ts';
import { loadOwn } from '../../../src/pipeline/data/own/load.ts';
import { lineReporter, silentReporter } from '../../../src/pipeline/data/reporter.ts';
import { stratifiedSplit } from '../../../src/pipeline/data/split.ts';
import { type Definition, readDefinition } from '../../../src/pipeline/data/variants/definition.ts';
import { applySteps, imagesOf, pick } from '../../../src/pipeline/data/variants/images.ts';
import { temporaryFolder } from '../files/disks.ts';

describe('augmentation', () => {
  const none = { flip: 0, shift: 0, erase: 0, seed: 0, stream: 0 };

  it('changes images where one of its parts does', () => {
    expect(
      [{}, { flip: 0.1 }, { shift: 1 }, { erase: 0.1 }].map((change) =>
        changesImages({ ...none, ...change }),
      ),
    ).toEqual([false, true, true, true]);
  });

  it('has parameters of whole numbers', () => {
    const draw = {
      flip: 0.5,
      shift: 3,
      erase: 1,
      seed: 5 * 2 ** 32 + 7,
      stream: 9,
      eraseArea: [0.5, 0.5] as const,
    };
    expect(augmentationParams(draw, 100)).toEqual({
      seedLow: 7,
      seedHigh: 5,
      stream: 9,
      flip: 2 ** 23,
      shift: 3,
      erase: 2 ** 24,
      eraseLeast: 50,
      eraseMost: 50,
    });
    // Of 784 pixels as PyTorch's RandomErasing; a pixel at least.
    expect(augmentationParams(none, 784)).toMatchObject({ eraseLeast: 16, eraseMost: 259 });
    expect(ERASE_AREA).toEqual([0.02, 0.33]);
    expect(augmentationParams({ ...none, eraseArea: [0, 0] }, 784)).toMatchObject({
      eraseLeast: 1,
      eraseMost: 1,
    });
  });

  it.each([
    [
      [
        { flip: 0 },
        { flip: 1 },
        { shift: 2 ** 15 },
        { erase: 1 },
        { seed: 2 ** 53 - 1 },
        { stream: 2 ** 32 - 1 },
        { eraseArea: [1, 1] },
      ],
      true,
    ],
    [
      [
        { flip: -0.1 },
        { flip: 1.1 },
        { flip: NaN },
        { shift: 2 ** 15 + 1 },
        { shift: 0.5 },
        { shift: -1 },
        { erase: 1.1 },
        { seed: 2 ** 53 },
        { seed: -1 },
        { stream: 2 ** 32 },
        { eraseArea: [0.2, 0.1] },
        { eraseArea: [0, 1.1] },
      ],
      false,
    ],
  ] as const)('%j is taken: %s', (changes, expected) => {
    for (const change of changes) {
      const make = () => augmentationParams({ ...none, ...change }, 784);
      if (expected) expect(make, JSON.stringify(change)).not.toThrow();
      else expect(make, JSON.stringify(change)).toThrow('augmentation: no such');
    }
  });
});

describe('cards', () => {
  const set = (labels: number[], fill: number[]) => ({
    images: Uint8Array.from(fill.flatMap((value) => [value, value, value, 0])),
    labels: Uint8Array.from(labels),
    count: labels.length,
  });

  it.each([
    [999, 'n<1K'],
    [1000, '1K<n<10K'],
    [9999, '1K<n<10K'],
    [10_000, '10K<n<100K'],
    [99_999, '10K<n<100K'],
    [100_000, '100K<n<1M'],
  ])('%d images are %s', (images, category) => {
    expect(sizeCategory(images)).toBe(category);
  });

  it('count classes, pixels, and images that are there more than once', () => {
    const [train, test] = [set([0, 1, 1, 3], [255, 255, 255, 51]), set([1, 9], [51, 255])];
    const files = [{ name: 'a', bytes: Uint8Array.of(1, 2, 3) }];
    const card = datasetCard(files, train, test);
    expect(card).toContain(
      '2 among the training images, 0\namong the test images. 2 test images are also training images.',
    );
    // (3 · 3 · 1 + 3 · 0.2) / 16 and (3 · 0.2 + 3) / 8; of the squares 9.12 / 16 and 3.12 / 8.
    expect(card).toContain(`| mean | ${(9.6 / 16).toFixed(4)} | ${(3.6 / 8).toFixed(4)} |`);
    const std = (squares: number, mean: number): string => Math.sqrt(squares - mean * mean).toFixed(4);
    expect(card).toContain(`| standard deviation | ${std(9.12 / 16, 0.6)} | ${std(3.12 / 8, 0.45)} |`);
    expect(card).toContain('| share of pixels that are 0 | 0.2500 | 0.2500 |');
    expect(card).toContain('n<1K');
    expect(classTable(train.labels, test.labels)).toContain(
      '| 1 | Trouser | 2 | 1 |\n| 2 | Pullover | 0 | 0 |',
    );
    expect(classTable(train.labels, test.labels)).toContain('| 9 | Ankle boot | 0 | 1 |\n|  | all | 4 | 2 |');
    expect(fileTable(files)).toContain('| a | 3 | 5289df737df57326fcdd22597afb1fac |');
  });
});

describe('published files', () => {
  const bytes = Buffer.from('content');
  const file = { name: 'f', bytes: bytes.length, md5: md5(bytes) };

  it('are known by their checksum, the SHA-256 where it is given', () => {
    expect(decodeDataFile(bytes, file, 'f')).toEqual(bytes);
    expect(decodeDataFile(gzipSync(bytes), file, 'f')).toEqual(bytes);
    expect(() => decodeDataFile(Buffer.from('Content'), file, 'f')).toThrow('not the published f');
    expect(() => decodeDataFile(bytes, { ...file, sha256: '0'.repeat(64) }, 'f')).toThrow(
      'not the published f',
    );
  });

  it('may be compressed to 64 KiB more than their content, and are refused unread beyond', async () => {
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, Buffer.alloc(bytes.length + 65_536));
    await expect(readDataFile(path, file)).rejects.toThrow(`got       ${bytes.length + 65_536} bytes, md5`);
    writeFileSync(path, Buffer.alloc(bytes.length + 65_537));
    await expect(readDataFile(path, file)).rejects.toThrow(`got       ${bytes.length + 65_537} bytes\n`);
  });

  it('are absent also where a part of their path is a file', async () => {
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, '');
    await expect(readDataFile(join(path, 'below'), file)).rejects.toThrow(/below: not there/);
    expect(['ENOENT', 'ENOTDIR', 'EACCES'].map((code) => isAbsent({ code }))).toEqual([true, true, false]);
  });

  it('are gzip by their first two bytes', () => {
    expect(
      [[0x1f, 0x8b], [0x1f, 0x8c], [0x1e, 0x8b], [0x1f], []].map((head) => isGzip(Uint8Array.from(head))),
    ).toEqual([true, false, false, false, false]);
  });
});

describe('IDX files', () => {
  const images = { count: 1, rows: 2, columns: 3, pixels: new Uint8Array(6) };

  it('hold images of a pixel at least', () => {
    expect(readIdxImages(writeIdxImages({ ...images, rows: 1, columns: 1, count: 6 })).count).toBe(6);
    for (const [rows, columns] of [
      [0, 3],
      [3, 0],
    ] as const) {
      const none = writeIdxImages({ count: 1, rows, columns, pixels: new Uint8Array(0) });
      expect(() => readIdxImages(none)).toThrow('images without pixels');
    }
    expect(readIdxImages(writeIdxImages({ ...images, count: 0, pixels: new Uint8Array(0) })).count).toBe(0);
  });

  it('are written where the sizes fit the data', () => {
    for (const pixels of [new Uint8Array(5), new Uint8Array(7)]) {
      expect(() => writeIdxImages({ ...images, pixels })).toThrow('the sizes do not fit the data');
    }
  });

  it('hold labels below the number of classes, ten by default, or none', () => {
    const labels = (...values: number[]): Buffer => writeIdxLabels(Uint8Array.from(values));
    expect([...readIdxLabels(labels(0, 9))]).toEqual([0, 9]);
    expect([...readIdxLabels(labels())]).toEqual([]);
    expect(() => readIdxLabels(labels(0, 10))).toThrow(/labels 0 to 9[^]*10 at index 1/);
    expect([...readIdxLabels(labels(255), { classes: 256 })]).toEqual([255]);
    expect(() => readIdxLabels(labels(2), { classes: 2 })).toThrow('labels 0 to 1');
  });

  it('are as long as their header says', () => {
    const whole = writeIdxLabels(Uint8Array.of(1, 2));
    expect(() => readIdxLabels(whole.subarray(0, -1))).toThrow('truncated, or its header lies');
    expect(() => readIdxLabels(Buffer.concat([whole, Buffer.of(0)]))).toThrow('longer than its header says');
    expect(() => readIdxLabels(whole.subarray(0, 7))).toThrow('too short for an IDX header');
  });
});

describe('own data', () => {
  function load(files: Readonly<Record<string, string | Uint8Array>>, also: Partial<DataConfiguration>) {
    const root = temporaryFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
    const augmentation = { flip: 0, shift: 0, erase: 0, eraseArea: [0, 1] } as const;
    const base = { name: 'mine', format: 'csv', root, validation: 0, augmentation } as const;
    return loadOwn({ ...base, ...also }, silentReporter, new AbortController().signal);
  }
  const csv = (labels: readonly (string | number)[], pixels = 1): string =>
    [
      ['label', ...Array.from({ length: pixels }, (_, at) => `pixel${at}`)].join(','),
      ...labels.map((label, row) =>
        [label, ...Array.from({ length: pixels }, (_, at) => (row + at) % 256)].join(','),
      ),
    ].join('\n');

  it('have 256 classes at most, by name or by number', async () => {
    const names = Array.from({ length: 257 }, (_, at) => `c${String(at).padStart(3, '0')}`);
    const test = { 'test.csv': csv(['c000']) };
    const { description } = await load({ 'train.csv': csv([...names.slice(0, 256)].reverse()), ...test }, {});
    expect(description.classes).toEqual(names.slice(0, 256));
    await expect(load({ 'train.csv': csv(names), ...test }, {})).rejects.toThrow(
      /too many classes[^]*257 different/,
    );
    const numbered = await load({ 'train.csv': csv([0, 255]), 'test.csv': csv([3]) }, {});
    expect(numbered.description.classes).toHaveLength(256);
    await expect(load({ 'train.csv': csv([0, 256]), 'test.csv': csv([3]) }, {})).rejects.toThrow(
      /label out of range[^]*256 in line 3/,
    );
  });

  it('hold out a fifth of each class where there are no test images', async () => {
    const { train, test } = await load(
      { 'train.csv': csv(Array.from({ length: 50 }, (_, at) => at % 2)) },
      {},
    );
    expect([train.count, test.count, [...test.labels].filter((label) => label === 1).length]).toEqual([
      40, 10, 5,
    ]);
  });

  it('leave an image to train on at least', async () => {
    const four = { 'train.csv': csv([0, 1, 0, 1], 4) };
    await expect(load(four, { test: 4 })).rejects.toThrow('data.test: nothing is left to train on');
    expect((await load(four, { test: 3 })).train.count).toBe(1);
    await expect(load(four, { test: 0.01 })).rejects.toThrow('no test images');
  });

  it('differ in their pixels, and no class is called __proto__', async () => {
    const flat = 'label,pixel0\n0,7\n1,7\n0,7';
    await expect(load({ 'train.csv': flat, 'test.csv': csv([0]) }, {})).rejects.toThrow(
      'all pixels of the training images are equal',
    );
    const names = { 'train.csv': csv(['a', '__proto__']), 'test.csv': csv(['a']) };
    await expect(load(names, {})).rejects.toThrow('a class cannot be named __proto__');
  });

  it('have the size that their columns name, rows first, or data.size, of 1024 at most', async () => {
    const table = 'label,1x1,1x2,1x3,2x1,2x2,2x3\n0,1,2,3,4,5,6\n1,6,5,4,3,2,1';
    const { description } = await load({ 'train.csv': table, 'test.csv': table }, {});
    expect([description.height, description.width]).toEqual([2, 3]);
    const wide = csv([0, 1], 1025);
    await expect(load({ 'train.csv': wide, 'test.csv': wide }, { size: [1, 1025] })).rejects.toThrow(
      'at most 1024 × 1024',
    );
    const widest = csv([0, 1], 1024);
    expect(
      (await load({ 'train.csv': widest, 'test.csv': widest }, { size: [1, 1024] })).description.width,
    ).toBe(1024);
  });

  it('are read to the last line, with or without its end, and empty lines are none', async () => {
    for (const end of ['', '\n', '\r\n', '\n\n', '\n \n']) {
      const loaded = await load({ 'train.csv': csv([0, 1]) + end, 'test.csv': csv([0]) }, {});
      expect([end, loaded.train.count]).toEqual([end, 2]);
    }
    const windows = csv([0, 1]).replaceAll('\n', '\r\n\r\n');
    expect((await load({ 'train.csv': windows, 'test.csv': csv([0]) }, {})).train.count).toBe(2);
  });

  it('are named by their lines in the file, blank ones counted', async () => {
    const test = { 'test.csv': csv([0]) };
    const refused = (table: string, also: Partial<DataConfiguration> = {}) =>
      load({ 'train.csv': table, ...test }, also);
    await expect(refused('\nlabel,pixel0\n\n0,1\r\n\n1,x')).rejects.toThrow(
      'no pixel: line 6, column pixel0',
    );
    await expect(refused('label,pixel0\n\n0,1\n1,2,3')).rejects.toThrow(
      'line 4 has another number of values',
    );
    await expect(refused('label,pixel0\n\n0,1\n \n0256,2')).rejects.toThrow('256 in line 5');
    await expect(refused('label,pixel0\n\na,1\n\nb,2', { classes: ['a', 'c'] })).rejects.toThrow(
      'b in line 5',
    );
  });

  it('list up to 16 files in the records of a run, and else the version', async () => {
    const few = Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`note${at}.txt`, '']));
    const tables = { 'train.csv': csv([0, 1]), 'test.csv': csv([0]) };
    expect(Object.keys((await load({ ...tables, ...few }, {})).checksums)).toHaveLength(16);
    const many = await load({ ...tables, ...few, 'one-more.txt': '' }, {});
    expect(many.checksums).toEqual({ mine: many.version });
  });

  it('of pictures: one ending in capitals, and what file managers leave behind', async () => {
    const root = temporaryFolder();
    const png = (grey: number): Uint8Array =>
      encode({ width: 1, height: 1, data: Uint8Array.of(grey), channels: 1, depth: 8 });
    for (const folder of ['train/a', 'train/b', 'test/b']) {
      await mkdir(join(root, folder), { recursive: true });
      for (let at = 0; at < 9; at++)
        await writeFile(join(root, folder, `${at}.PNG`), png(10 * at + folder.length));
      await writeFile(join(root, folder, 'Thumbs.db'), '');
      await writeFile(join(root, folder, 'desktop.ini'), '');
    }
    const augmentation = { flip: 0, shift: 0, erase: 0, eraseArea: [0, 1] } as const;
    const configuration = { name: 'mine', format: 'images', root, validation: 0, augmentation } as const;
    const { train, test } = await loadOwn(configuration, silentReporter, new AbortController().signal);
    const expected = (length: number): number[] => Array.from({ length: 9 }, (_, at) => 10 * at + length);
    expect([...train.images]).toEqual([...expected(7), ...expected(7)]);
    expect([...test.images]).toEqual(expected(6));
    expect(new Set(test.labels)).toEqual(new Set([1]));
    // Nine pictures are more than are decoded at a time.
    await mkdir(join(root, 'test', 'c'));
    await expect(loadOwn(configuration, silentReporter, new AbortController().signal)).rejects.toThrow(
      /test\/c: no class of the training pictures/,
    );
  });
});

describe('splits', () => {
  it('round a fraction to whole images', () => {
    const labels = Uint8Array.from({ length: 100 }, (_, at) => at % 10);
    const sizes = [0.004, 0.005, 0.014, 0.016, 0.999].map(
      (size) => stratifiedSplit(labels, size, 1).validation.length,
    );
    expect(sizes).toEqual([0, 1, 1, 2, 100]);
  });
});

describe('versions of the data set', () => {
  const definition = (steps: string): Promise<Definition> => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'mine.yaml'), `name: mine\ndescription: d\ntrain:\n${steps}`);
    return readDefinition('mine', folder);
  };
  const augment = (settings: string): string => `- {step: augment, ${settings}}\n`;

  it('have steps with defaults', async () => {
    const { train, test, seed } = await definition(augment('copies: 16'));
    const step = {
      step: 'augment',
      copies: 16,
      keep: true,
      flip: 0,
      shift: 0,
      erase: 0,
      eraseArea: [0.02, 0.33],
    };
    expect([seed, train, test]).toEqual([0, [step], []]);
  });

  it.each([
    [augment('copies: 1').repeat(8), true],
    [augment('copies: 1').repeat(9), false],
    [augment('copies: 0'), false],
    [augment('copies: 17'), false],
    [augment('copies: 1, shift: 28'), true],
    [augment('copies: 1, shift: 29'), false],
    [augment('copies: 1, flip: 1.1'), false],
    [augment('copies: 1, eraseArea: [0.2, 0.2]'), true],
    [augment('copies: 1, eraseArea: [0.3, 0.2]'), false],
    ['- {step: subset, size: 0}\n', false],
    ['- {step: subset, size: 1}\n', true],
    ['- {step: subset, size: 1.5}\n', false],
    ['- {step: subset, classes: [0, 9]}\n', true],
    ['- {step: subset, classes: [10]}\n', false],
    ['- {step: subset, classes: []}\n', false],
    ['- {step: subset, classes: [1, 1]}\n', false],
    ['- {step: corrupt, corruptions: [fog], severities: [1, 5]}\n', true],
    ['- {step: corrupt, corruptions: [fog], severities: [0]}\n', false],
    ['- {step: corrupt, corruptions: [], severities: [1]}\n', false],
  ])('%s is taken: %s', async (steps, expected) => {
    const read = definition(steps);
    if (expected) expect((await read).train.length).toBeGreaterThan(0);
    else await expect(read).rejects.toThrow('mine.yaml: not as expected');
  });

  it('choose among the images of the wanted classes, and no more than there are', () => {
    const labels = Uint8Array.from({ length: 20 }, (_, at) => at % 10);
    const set = imagesOf({ images: new Uint8Array(20 * 784), labels, count: 20 });
    const subset = (size: number) => applySteps(set, [{ step: 'subset', size, classes: [3, 4] }], 1).labels;
    expect([...subset(4)].sort()).toEqual([3, 3, 4, 4]);
    expect(subset(1)).toHaveLength(4);
    expect([...subset(0.5)].sort()).toEqual([3, 4]);
    expect(() => subset(5)).toThrow(/more images than there are[^]*at most 4[^]*5/);
  });

  it('draw corruptions with both halves of the seed', () => {
    const step = {
      step: 'corrupt',
      corruptions: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      severities: [1, 2, 3, 4, 5],
    } as const;
    const picks = (seed: number): string =>
      Array.from({ length: 9 }, (_, at) => JSON.stringify(pick(step, seed, at))).join();
    expect(picks(2 ** 32 + 5)).not.toBe(picks(5));
    expect(picks(5)).toBe(picks(5));
  });
});

it('errors on one line leave out what is not known', () => {
  expect(oneLine(new DataError('head', { expected: 'a\nb', got: 'c' }))).toBe('head: expected a b, got c');
  expect(oneLine(new DataError('head', { got: 'c', fix: 'd' }))).toBe('head: got c');
  expect(oneLine(new DataError('head'))).toBe('head');
  expect(oneLine(new Error('a\nb'))).toBe('a b');
});

it('progress in lines comes at each quarter, or each 8 MiB, and begins again after its end', () => {
  const lines: string[] = [];
  const reporter = lineReporter((line) => lines.push(line));
  for (const received of [0, 24, 25, 26, 50, 99, 100]) reporter.progress('a', received * 1e6, 100e6);
  reporter.progressEnd();
  reporter.progress('a', 100e6, 100e6);
  for (const received of [0, 2 ** 23 - 1, 2 ** 23]) reporter.progress('b', received, undefined);
  expect(lines).toEqual([
    'a: 0.0 of 100.0 MB',
    'a: 25.0 of 100.0 MB',
    'a: 50.0 of 100.0 MB',
    'a: 99.0 of 100.0 MB',
    'a: 100.0 of 100.0 MB',
    'a: 100.0 of 100.0 MB',
    'b: 0.0 MB',
    'b: 8.4 MB',
  ]);
});

it('images fit a model of the same size and the same classes', () => {
  const shape = { height: 2, width: 3, classes: ['a', 'b'] };
  expect(misfit(shape, { ...shape })).toBeUndefined();
  for (const other of [{ height: 3 }, { width: 2 }, { classes: ['b', 'a'] }, { classes: ['a', 'b', 'c'] }]) {
    expect(misfit(shape, { ...shape, ...other })).toMatch(
      /^the model takes 2 × 3 pixels, 2 classes \(a, b\); got /,
    );
  }
});
