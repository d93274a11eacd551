import { expect, test } from 'vitest';
import {
  arange,
  cat,
  crossEntropy,
  DeviceError,
  DTypeError,
  full,
  linear,
  manualSeed,
  ones,
  open,
  rand,
  randint,
  randn,
  setDefaultDevice,
  ShapeError,
  stack,
  tensor,
  ArgumentError,
  where,
  zeros,
} from '../../src/index.ts';
import { gradcheck } from '../../src/diagnostics/index.ts';

const cpu = await open('cpu');
const other = await open('cpu');
setDefaultDevice(cpu);

test('an error says what the operation takes, what it got and what follows', () => {
  expect(() => crossEntropy(zeros([32, 10]), zeros([3], { dtype: 'int32' })))
    .toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: crossEntropy: target does not fit
      takes  input float32[N, C], target int32[N]
      got    input float32[32, 10], target int32[3]
      where  N = 32, C = 10]
  `);
});

test('shapes that do not broadcast', () => {
  expect(() => zeros([2, 3]).add(zeros([2, 4]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: add: shapes do not broadcast
      takes  shapes that agree axis by axis from the last, or have size 1 there
      got    [2, 3] and [2, 4]]
  `);
});

test('inner sizes that differ', () => {
  expect(() => zeros([2, 3]).matmul(zeros([4, 5]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: matmul: inner sizes differ
      takes  a […, m, k] and b […, k, n], or vectors [k]
      got    a float32[2, 3] and b float32[4, 5]]
  `);
});

test('devices do not mix', () => {
  const stranger = zeros([2], { device: other });
  expect(() => zeros([2]).add(stranger)).toThrowErrorMatchingInlineSnapshot(`
    [DeviceError: add: operands on different devices
      takes  tensors of one device; copy with toDevice(device)
      got    float32[2] on cpu, float32[2] on another device of that name]
  `);
  for (const mix of [
    () => cat([zeros([2]), stranger]),
    () => zeros([1, 2]).matmul(stranger),
    () => where(zeros([2], { dtype: 'bool' }), zeros([2]), stranger),
    () => zeros([2]).gather(0, zeros([2], { dtype: 'int32', device: other })),
    () => zeros([2]).eq(stranger),
    () => crossEntropy(zeros([2, 3]), zeros([2], { dtype: 'int32', device: other })),
  ]) {
    expect(mix).toThrow(DeviceError);
  }
});

test('float32 and float64 do not mix, nor do dtypes where none is the wider', () => {
  const double = zeros([2], { dtype: 'float64' });
  expect(() => zeros([2]).mul(double)).toThrowErrorMatchingInlineSnapshot(`
    [DTypeError: mul: operands of different dtypes
      takes  tensors of one dtype; convert with to(dtype)
      got    float32[2] and float64[2]]
  `);
  for (const mix of [
    () => cat([zeros([2]), double]),
    () => zeros([1, 2]).matmul(double),
    () => where(zeros([2], { dtype: 'bool' }), zeros([2]), double),
    () => zeros([2]).exp().maximum(double),
  ]) {
    expect(mix).toThrow(DTypeError);
  }
});

test('dtypes that an operation does not take', () => {
  expect(() => zeros([2], { dtype: 'int32' }).gelu()).toThrowErrorMatchingInlineSnapshot(`
    [DTypeError: gelu: no int32
      takes  float32, float64 (convert with to(dtype))
      got    int32[2]]
  `);
  expect(() => zeros([2]).gather(0, zeros([2]))).toThrow('gather: no float32');
  expect(() => where(zeros([2]), zeros([2]), 1)).toThrow('where: no float32');
  expect(() => zeros([2], { dtype: 'bool' }).sub(zeros([2], { dtype: 'bool' }))).toThrow('sub: no bool');
  expect(() => crossEntropy(zeros([2, 3]), zeros([2]))).toThrow('crossEntropy: no float32');
});

test('dims and shapes', () => {
  const x = zeros([2, 3]);
  expect(() => x.sum(2)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: sum: no such dimension
      takes  dim from -2 to 1
      got    dim 2]
  `);
  for (const wrong of [
    () => x.sum([0, -2]),
    () => x.reshape([4]),
    () => x.reshape([-1, -1]),
    () => zeros([0, 3]).reshape([-1, 0]),
    () => x.permute([0, 0]),
    () => x.expand([3, 3]),
    () => x.slice(null, null, null),
    () => x.squeeze(5),
    () => x.unsqueeze(4),
    () => zeros([2, 3, 4]).t(),
    () => x.pad([0, 0, 0, 0, 1, 1]),
    () => x.pad([-2, -2]),
    () => cat([x, zeros([2, 4])]),
    () => cat([zeros([])]),
    () => stack([x, zeros([3, 2])]),
    () => linear(x, zeros([4, 5])),
    () => zeros([0, 3]).amax(0),
    () => zeros([0]).argmax(),
    () => x.gather(0, zeros([2], { dtype: 'int32' })),
    () => x.scatterAdd(0, zeros([2, 2], { dtype: 'int32' }), 4),
    () => x.sumToSize([2]),
    () => tensor([[1, 2], [3]]),
    () => tensor([1, 2, 3], { shape: [2] }),
  ]) {
    expect(wrong).toThrow(ShapeError);
  }
});

test('arguments out of range', () => {
  for (const wrong of [
    () => zeros([1.5]),
    () => zeros([-1]),
    () => arange(0, 5, -1),
    () => arange(0, 5, 0),
    () => randint(3, 3, [1]),
    () => randint(-(2 ** 31), 2 ** 31, [1]),
    () => manualSeed(-1),
    () => cat([]),
    () => stack([]),
    () => zeros([2]).clamp({}),
    () => zeros([2]).pad([1]),
    () => zeros([2]).slice([0, 1, 0]),
  ]) {
    expect(wrong).toThrow(/^\w+: [^\n]+\n {2}takes {2}[^\n]+\n {2}got {4}/);
  }
});

test('values that a dtype cannot hold', () => {
  expect(() => tensor([1.5], { dtype: 'int32' })).toThrow(DTypeError);
  expect(() => full([1], 0.5, { dtype: 'int32' })).toThrow(DTypeError);
  expect(() => tensor([2 ** 31], { dtype: 'int32' })).toThrow(DTypeError);
  expect(() => full([1], 2 ** 31, { dtype: 'int32' })).toThrow(DTypeError);
});

test('indices out of range on the CPU', () => {
  const index = tensor([0, 3], { dtype: 'int32' });
  expect(() => zeros([3]).gather(0, index)).toThrow('gather: takes indices from 0 to 2, got 3');
  expect(() => zeros([2]).scatterAdd(0, index, 3)).toThrow('scatterAdd: takes indices from 0 to 2, got 3');
  expect(() => crossEntropy(zeros([2, 3]), index)).toThrow(
    'crossEntropy: takes targets from 0 to 2, got 3 in row 1',
  );
});

test('an index that leaves its dim is an error on the CPU, also where the joined place exists', () => {
  const [row, column] = [tensor([0], { dtype: 'int32' }), tensor([5], { dtype: 'int32' })];
  expect(() => zeros([2, 3]).indexPut([row, column], 1)).toThrow(
    'scatter: takes indices from 0 to 5, got -1',
  );
  expect(() => zeros([2, 3]).at(row, column)).toThrow('gather: takes indices from 0 to 5, got -1');
});

test('gradcheck refuses float32', async () => {
  await expect(gradcheck((x) => x.exp(), [zeros([1], { requiresGrad: true })])).rejects.toThrow(
    'not in float64',
  );
});

test('an integer to a negative power is refused, as in PyTorch', () => {
  expect(() => tensor([1, 2], { dtype: 'int32' }).pow(-1)).toThrow(ArgumentError);
});

test('operators on tensors are refused; their text is not', () => {
  // What plain JavaScript writes.
  const loss = zeros([]) as never as number;
  for (const use of [() => loss > 3, () => loss + 1, () => Math.min(2, loss), () => -loss]) {
    expect(use).toThrow(/a tensor stands where a number is expected/);
  }
  expect(String(zeros([2]))).toContain('float32[2]');
});

test.each([
  ['zeros', () => zeros(-1)],
  ['ones', () => ones([2, -1])],
  ['full', () => full([-1], 2)],
  ['rand', () => rand(-1)],
  ['randn', () => randn(-1)],
  ['randint', () => randint(3, [-1])],
] as const)('an error of %s names it, not a function that it calls', (name, call) => {
  expect(call).toThrow(new RegExp(`^${name}: not a shape`));
});
