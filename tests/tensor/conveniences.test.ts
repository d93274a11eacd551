import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import {
  ArgumentError,
  DTypeError,
  open,
  setDefaultDevice,
  ShapeError,
  tensor,
  zeros,
} from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

it('size gives the shape, or the length of one axis', () => {
  const x = zeros(2, 3);
  expect([x.size(), x.size(0), x.size(-1), tensor(1).size(0)]).toEqual([[2, 3], 2, 3, 1]);
  expect(() => x.size(2)).toThrow(ShapeError);
  expect(() => (x.size as (...dims: number[]) => unknown)(0, 1)).toThrow(ArgumentError);
});

it('console.log shows dtype, shape and device in Node, and the same in Deno', () => {
  const x = tensor([[1, 2]], { requiresGrad: true });
  expect(inspect(x)).toBe('Tensor float32[1, 2] on cpu, requires grad');
  expect(inspect({ x: x.detach() })).toBe('{ x: Tensor float32[1, 2] on cpu }');
  const shown = (x as unknown as Record<symbol, () => string>)[Symbol.for('Deno.customInspect')]!.call(x);
  expect(shown).toBe(inspect(x));
});

it('tensor takes readonly arrays, and arrays of typed arrays with their dtype', async () => {
  const rows = [
    [1, 2],
    [3, 4],
  ] as const;
  expect(await tensor(rows).toArray()).toEqual(rows);
  const floats = tensor([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
  expect([floats.dtype, await floats.toArray()]).toEqual(['float32', rows]);
  const whole = tensor([[Int16Array.of(1, 2)], [Int32Array.of(3, 4)]]);
  expect([whole.dtype, whole.shape]).toEqual(['int32', [2, 1, 2]]);
  expect(tensor([BigInt64Array.of(7n)]).dtype).toBe('int32');
  expect(tensor([Uint8Array.of(7)]).dtype).toBe('uint8');
  expect(tensor([Float64Array.of(1)]).dtype).toBe('float64');
  const mixed = tensor([Int32Array.of(1, 2), [0.5, 1]]);
  expect([mixed.dtype, await mixed.toArray()]).toEqual([
    'float32',
    [
      [1, 2],
      [0.5, 1],
    ],
  ]);
  expect(await tensor([[true, false]] as const).toArray()).toEqual([[1, 0]]);
});

it('tensor refuses ragged rows of typed arrays, and views without elements', () => {
  expect(() => tensor([Float32Array.of(1, 2), Float32Array.of(1)])).toThrow(ShapeError);
  expect(() => tensor([[[1]], Float32Array.of(1)])).toThrow(ShapeError);
  expect(() => tensor([Float32Array.of(1), [[1]]])).toThrow(ShapeError);
  expect(() => tensor([BigInt64Array.of(2n ** 40n)])).toThrow(DTypeError);
  expect(() => tensor([new DataView(new ArrayBuffer(4))] as never)).toThrow(ArgumentError);
});

it('windows that overlap are not changed in place, those that are apart are', async () => {
  const x = tensor([1, 2, 3, 4]);
  expect(() => x.unfold(0, 2, 1).add_(1)).toThrow(ArgumentError);
  x.unfold(0, 2, 2).at(null, 1).add_(10);
  x.unfold(0, 2, 2).mul_(2);
  expect(await x.toArray()).toEqual([2, 24, 6, 28]);
});
