import { expect, test } from 'vitest';
import { arange, open, type Tensor } from '../../src/index.ts';

const cpu = await open('cpu');
const x = arange(24, undefined, undefined, { device: cpu }).reshape([2, 3, 4]);

test('a tensor without elements is contiguous in any order, and a view of one element', () => {
  for (const shape of [
    [0, 3],
    [3, 0],
    [1, 4],
    [4, 1],
  ]) {
    const turned = arange(shape[0]! * shape[1]!, { device: cpu })
      .reshape(shape)
      .t();
    expect(turned.isContiguous(), String(shape)).toBe(true);
    expect(turned.view(-1).shape).toEqual([shape[0]! * shape[1]!]);
  }
  expect(x.transpose(0, 1).isContiguous()).toBe(false);
});

const views: [string, (x: Tensor) => Tensor][] = [
  ['reshape', (t) => t.reshape([4, 6])],
  ['reshape that splits a transposed dim', (t) => t.transpose(0, 2).reshape([2, 2, 3, 2])],
  ['view', (t) => t.view([4, 6])],
  ['view of a part', (t) => t.slice([1, 2]).view([2, 6])],
  ['flatten', (t) => t.flatten()],
  ['permute', (t) => t.permute([2, 0, 1])],
  ['transpose', (t) => t.transpose(0, 1)],
  ['t', (t) => t.reshape([6, 4]).t()],
  ['expand', (t) => t.unsqueeze(0).expand([5, 2, 3, 4])],
  ['squeeze', (t) => t.unsqueeze(1).squeeze(1)],
  ['unsqueeze', (t) => t.unsqueeze(-1)],
  ['slice', (t) => t.slice([1, 2], null, [0, 4, 2])],
  ['flip', (t) => t.flip([0, 2])],
  ['detach', (t) => t.detach()],
  ['contiguous, where it is', (t) => t.contiguous()],
  ['to the same dtype', (t) => t.to('float32')],
  ['sumToSize to the same size', (t) => t.sumToSize([2, 3, 4])],
];

test.each(views)('%s copies nothing', (_, view) => {
  const before = cpu.stats();
  const seen = view(x);
  const { dispatches, buffersAlive, buffersCreated, bytesUploaded } = cpu.stats();
  expect({ dispatches, buffersAlive, buffersCreated, bytesUploaded }).toEqual({
    dispatches: before.dispatches,
    buffersAlive: before.buffersAlive,
    buffersCreated: before.buffersCreated,
    bytesUploaded: before.bytesUploaded,
  });
  expect(seen.storage).toBe(x.storage);
  expect(seen).not.toBe(x);
});

const copies: [string, (x: Tensor) => Tensor][] = [
  ['clone', (t) => t.clone()],
  ['contiguous of a transpose', (t) => t.transpose(0, 1).contiguous()],
  ['reshape that no strides can say', (t) => t.transpose(0, 2).reshape([24])],
];

test.each(copies)('%s copies, in one launch', (_, copy) => {
  const before = cpu.stats();
  expect(copy(x).storage).not.toBe(x.storage);
  expect(cpu.stats().dispatches - before.dispatches).toBe(1);
});

test('a view outlives the tensor that it was made from', async () => {
  const base = arange(4, undefined, undefined, { device: cpu });
  const view = base.slice([1, 3]);
  base.dispose();
  expect(Array.from(await view.data())).toEqual([1, 2]);
});

test('view refuses a shape that only a copy has, and names reshape', () => {
  expect(() => x.transpose(0, 2).view([24])).toThrow(/^view: only a copy[^]*use reshape/);
});

test('a view of more elements than kernels count is refused', () => {
  const one = arange(1, undefined, undefined, { device: cpu });
  expect(() => one.expand([2 ** 16, 2 ** 15 + 1])).toThrow(/^expand: too many elements/);
  expect(one.expand([2 ** 16, 2 ** 15]).numel()).toBe(2 ** 31);
});
