import { describe, expect, test } from 'vitest';
import { arange, cat, setDefaultDevice, stack, type Tensor } from '../../src/index.ts';
import { builds, expectAlike } from './builds.ts';

const count = (...shape: number[]): Tensor =>
  arange(shape.reduce((product, size) => product * size)).reshape(shape);

/** Views and joined tensors whose copies take each way through the kernel, with odd ends. */
const layouts: Readonly<Record<string, () => Tensor>> = {
  'a transpose of 37 × 45': () => count(37, 45).t(),
  'a transpose of three columns': () => count(61, 3).t(),
  'a transpose of three rows': () => count(3, 61).t(),
  'many transposes': () => count(5, 21, 18).transpose(1, 2),
  'a large transpose': () => count(300, 170).t(),
  'four axes': () => count(3, 4, 5, 6).permute([3, 1, 2, 0]),
  'five axes': () => count(3, 2, 5, 2, 7).permute([4, 2, 0, 3, 1]),
  'every other element': () => count(9, 46).slice(null, [0, 46, 2]),
  'every third element': () => count(9, 46).slice(null, [1, 46, 3]),
  'short rows': () => count(301, 9).slice(null, [2, 7]),
  'many short rows': () => count(9000, 5).slice(null, [1, 4]),
  backwards: () => count(7, 23).flip([0, 1]),
  'expanded columns': () => count(31, 1).expand([31, 9]),
  'expanded rows': () => count(31).expand([5, 31]),
  'columns of a wider tensor': () => cat([count(33, 5), count(33, 6)], 1),
  pairs: () => stack([count(131), count(131)], 1),
  'a frame': () => count(3, 5, 7).pad([1, 2, 3, 0]),
};

describe.each(Object.entries(layouts))('a copy of %s', (_, view) => {
  test.each(['float32', 'int32'] as const)('of %s', async (dtype) => {
    await expectAlike(() => view().to(dtype).clone(), 0);
    await expectAlike(() => view().to(dtype).contiguous(), 0);
  });
});

test('a copy changes nothing beside its destination', async () => {
  for (const [device] of builds) {
    setDefaultDevice(device);
    for (let size = 1; size < 12; size++) {
      const middle = count(size).add(100);
      const all = cat([count(3), middle, count(2)]);
      const expected = [0, 1, 2, ...Array.from({ length: size }, (_, i) => 100 + i), 0, 1];
      expect([...(await all.data())]).toEqual(expected);
    }
  }
});
