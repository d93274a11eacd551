import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Block, columnsOf, rowsOf } from '../../src/backend/webgpu/tuning/blocks.ts';
import { candidates } from '../../src/pipeline/diagnostics/tuning/candidates.ts';
import type { Choice } from '../../src/backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../src/backend/webgpu/tuning/shapeClass.ts';
import { tuningRecord } from '../../src/pipeline/diagnostics/tuning/identity.ts';
import { loadTuning, storedChoices, tuningPath } from '../../src/pipeline/diagnostics/tuning/stored.ts';
import { Tuning } from '../../src/backend/webgpu/tuning/tuning.ts';
import { product } from '../pipeline/diagnostics/tuning/fakeDevice.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

const info = {
  vendor: 'mesa',
  architecture: 'software',
  device: 'llvmpipe',
  description: 'llvmpipe: Mesa 25',
  software: true,
  subgroupMinSize: 8,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
};
const gpu = { ...info, vendor: 'nvidia', device: 'a GPU', software: false };

const shape = 'matmul 128x256x1024 NT';
const choice = candidates('matmul', new Tuning(gpu).traits).find(
  ({ kernel }) => kernel === 'matmulWorkgroup',
)!;

/** A cache folder of the test's own. */
function ownCache(): void {
  vi.stubEnv('WGRAD_TUNING', undefined);
  vi.stubEnv('XDG_CACHE_HOME', temporaryFolder());
}

/** Puts a record where devices look for it. */
function store(record: unknown, path: string = tuningPath(info)): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof record === 'string' ? record : JSON.stringify(record));
  return path;
}

afterEach(() => vi.unstubAllEnvs());

describe('classes of shapes', () => {
  test('round sizes up, and keep what decides how memory is walked through', () => {
    expect(shapeClass('matmul', product, {})).toBe(shape);
    const other = { ...product, bRowStride: 200, bColumnStride: 1, batch: 3, chunk: 392 };
    expect(shapeClass('matmul', other, {})).toBe('matmul 128x256x512 NN 8 times');
    const sizes = {
      batch: 2,
      groups: 1,
      channels: 3,
      outChannels: 20,
      height: 9,
      width: 9,
      outHeight: 4,
      outWidth: 4,
    };
    const offsets = { inputOffset: 0, weightOffset: 0, biasOffset: 0 };
    const filter = { KERNEL_HEIGHT: 3, KERNEL_WIDTH: 2, STRIDE_Y: 2, STRIDE_X: 1 };
    expect(shapeClass('conv2d', { ...sizes, ...offsets }, filter)).toBe('conv2d 32x32x32 3x2 stride 2x1');
  });
});

describe('the built-in rules', () => {
  test('take subgroups on software drivers that have lanes enough, and leave the tile to the geometry', () => {
    expect(new Tuning(info).choose('matmul', product, {})).toEqual({ kernel: 'matmulSubgroup', tile: {} });
    const narrow = new Tuning({ ...info, subgroupMinSize: 4 });
    expect(narrow.choose('matmul', product, {})).toEqual({
      kernel: 'matmulSubgroup',
      tile: { TILE_LOAD: 4 },
    });
    const without = new Tuning({ ...info, subgroupMinSize: 0 });
    expect(without.choose('matmul', product, {})).toEqual({ kernel: 'matmul', tile: {} });
  });

  test('take the kernel that holds its pixels for convolutions of few terms', () => {
    const chosen = (channels: number, adapter: Record<string, string | number | boolean>): string => {
      const sizes = { batch: 2, groups: 1, channels, outChannels: 4, height: 9, width: 9 };
      const params = { ...sizes, outHeight: 7, outWidth: 7, inputOffset: 0, weightOffset: 0, biasOffset: 0 };
      return new Tuning(adapter).choose('conv2d', params, { KERNEL_HEIGHT: 3, KERNEL_WIDTH: 3 }).kernel;
    };
    expect([1, 3, 4].map((channels) => chosen(channels, info))).toEqual([
      'conv2dFewTerms',
      'conv2dFewTerms',
      'conv2dSubgroup',
    ]);
    expect(chosen(1, { ...info, subgroupMinSize: 4 })).toBe('conv2dSubgroup');
    expect(chosen(1, gpu)).toBe('conv2dWorkgroup');
  });

  test('take workgroup memory on GPUs, in blocks of which there are enough', () => {
    /** Rows, columns and teams. */
    const blockOf = (m: number, n: number, k = 500): [number, number, number] => {
      const { kernel, tile } = new Tuning(gpu).choose('matmul', { ...product, m, n, k, chunk: k }, {});
      expect(kernel).toBe('matmulWorkgroup');
      const block = tile as unknown as Block;
      return [rowsOf(block), columnsOf(block), block.WORKGROUP_TEAMS];
    };
    expect(blockOf(4096, 4096)).toEqual([128, 128, 1]);
    expect(blockOf(768, 768)).toEqual([64, 64, 1]);
    expect(blockOf(256, 256)).toEqual([32, 32, 4]);
    expect(blockOf(128, 256)).toEqual([16, 16, 8]);
    expect(blockOf(128, 256, 63)).toEqual([32, 32, 1]);
  });
});

test('a kernel that does not do the operation is refused', () => {
  const wrong = { 'conv2d 1x1x1 3x3 stride 1x1': choice };
  expect(() => Tuning.of(gpu, wrong)).toThrow(/tuning: 'matmulWorkgroup' cannot run 'conv2d 1x1x1/);
});

describe('choices that are stored', () => {
  const record = tuningRecord(info, { [shape]: choice });

  test('are taken for their class of shapes, and for no other', () => {
    ownCache();
    store(record);
    const found = loadTuning(info);
    expect(found.note).toBeUndefined();
    expect(storedChoices(info)).toEqual(found.choices);
    const tuning = Tuning.of(info, found.choices);
    expect(tuning.choose('matmul', product, {})).toEqual(choice);
    expect(tuning.choose('matmul', { ...product, m: 1000 }, {})).toEqual({
      kernel: 'matmulSubgroup',
      tile: {},
    });
    expect(tuning.description).toMatch(
      /^measured for 1 classes of shapes \([0-9a-f]{8}\), else built-in rules/,
    );
    expect(tuningRecord(info, tuning.choices)).toEqual(record);
    expect(loadTuning(info, 'built-in').choices).toEqual({});
    vi.stubEnv('WGRAD_TUNING', 'none');
    expect(loadTuning(info).choices).toEqual({});
  });

  test('are of one adapter and driver: others have a file of their own', () => {
    ownCache();
    store(record);
    const updated = { ...info, description: 'llvmpipe: Mesa 26' };
    const { choices, note } = loadTuning(updated);
    expect(choices).toEqual({});
    expect(note).toMatch(/is of another driver or of other versions of the kernels.*npm run tune/);
    expect(loadTuning(gpu).note).toBeUndefined();
  });

  test.each([
    ['no JSON', '{', /cannot be read: .*JSON/],
    ['no record', { ...record, format: 'other' }, /is no record of a tuning, at 'format'/],
    ['too large', ' '.repeat(2 ** 20 + 1), /too large: at most 1048576 bytes/],
    [
      'another adapter',
      tuningRecord(gpu, {}),
      /is of another adapter or driver: vendor 'nvidia', here 'mesa'/,
    ],
    ['other kernels', { ...record, kernels: '0'.repeat(64) }, /is of other versions of the kernels/],
    [
      'a tile that there is not',
      { ...record, choices: { [shape]: { kernel: 'matmul', tile: { TILE_ROWS: 3000, WORKGROUP_SIZE: 8 } } } },
      /chooses what is no choice here: matmul 128x256x1024 NT: matmul/,
    ],
    [
      'a kernel of another operation',
      { ...record, choices: { 'conv2d 1x1x1 3x3 stride 1x1': choice } },
      /chooses what is no choice here/,
    ],
    [
      'a choice too many',
      {
        ...record,
        choices: Object.fromEntries(Array.from({ length: 4097 }, (_, at) => [`matmul ${at}`, choice])),
      },
      /at most 4096 choices/,
    ],
  ])('are left aside with a note: %s', (_, content, expected) => {
    ownCache();
    const path = join(temporaryFolder(), 'tuning.json');
    vi.stubEnv('WGRAD_TUNING', path);
    expect(loadTuning(info).note).toMatch(/there is no such file/);
    store(content, path);
    const { choices, note } = loadTuning(info);
    expect(choices).toEqual({});
    expect(note).toMatch(expected);
    expect(note).toContain('`npm run tune` measures again');
  });

  test('give way to what a run has recorded, as long as that fits', () => {
    ownCache();
    store(record);
    const recorded: Choice = { kernel: 'matmul', tile: { TILE_ROWS: 4, WORKGROUP_SIZE: 16 } };
    const run = tuningRecord(info, { [shape]: recorded });
    expect(loadTuning(info, { record: run, of: 'runs/a' }).choices).toEqual({ [shape]: recorded });
    const unfit = loadTuning(info, { record: { ...run, kernels: '1'.repeat(64) }, of: 'runs/a' });
    expect(unfit.choices).toEqual({ [shape]: choice });
    expect(unfit.note).toContain('the choice of kernels in runs/a is of other versions of the kernels');
  });
});
