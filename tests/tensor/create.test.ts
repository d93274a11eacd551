import { expect, test } from 'vitest';
import {
  ArgumentError,
  capture,
  DTypeError,
  eye,
  arange,
  full,
  type DType,
  linspace,
  open,
  randint,
  randn,
  setDefaultDevice,
  type Tensor,
  tensor,
  zerosLike,
} from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

const list = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

test.each([
  [1, 1],
  [3, 3],
  [2, 5],
  [5, 2],
  [7, 2],
  [4, 1],
  [1, 4],
  [0, 3],
  [3, 0],
] as const)('eye(%i, %i) has ones on its diagonal only', async (n, m) => {
  const wanted = Array.from({ length: n * m }, (_, at) => Number(Math.floor(at / m) === at % m));
  for (const dtype of ['float32', 'float64', 'int32', 'bool', 'uint8'] as const) {
    const x = eye(n, m, { dtype });
    expect([x.dtype, x.shape, await list(x)]).toEqual([dtype, [n, m], wanted]);
  }
});

test('full holds every value of its dtype exactly', async () => {
  const cases: [DType, number[], number[]?][] = [
    ['int32', [2 ** 24, 2 ** 24 + 1, -(2 ** 24), -(2 ** 24) - 1, 2 ** 31 - 1, -(2 ** 31)]],
    ['float64', [0.1, -1e300, 2 ** 53 - 1]],
    ['uint8', [0, 255]],
    ['bool', [NaN, -1, 0.5, Infinity, 0, -0], [1, 1, 1, 1, 0, 0]],
  ];
  for (const [dtype, values, wanted = values] of cases) {
    const found: number[][] = [];
    for (const value of values) found.push(await list(full([2], value, { dtype })));
    expect(found, dtype).toEqual(wanted.map((value) => [value, value]));
  }
});

test('data becomes bool as numbers do: what is not zero is true', async () => {
  const values = [NaN, -1, 0.5, Infinity, 0, -0];
  for (const data of [values, Float32Array.from(values), Float64Array.from(values)])
    expect(await list(tensor(data, { dtype: 'bool' }))).toEqual([1, 1, 1, 1, 0, 0]);
  expect(await list(tensor(values).to('bool'))).toEqual([1, 1, 1, 1, 0, 0]);
  expect(await list(tensor([true, false], { dtype: 'int32' }))).toEqual([1, 0]);
  expect(tensor([true, false]).dtype).toBe('bool');
});

test('full refuses a number that an integer dtype cannot hold, also for no elements', () => {
  for (const shape of [[2], [0]]) {
    for (const value of [-1, 256, 0.5, NaN])
      expect(() => full(shape, value, { dtype: 'uint8' })).toThrow(DTypeError);
    for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, NaN, Infinity])
      expect(() => full(shape, value, { dtype: 'int32' })).toThrow(DTypeError);
  }
});

test('no values are float32, whatever their shape', () => {
  const shapes: [Parameters<typeof tensor>[0], number[]][] = [
    [[], [0]],
    [[[]], [1, 0]],
    [
      [[], []],
      [2, 0],
    ],
    [new Float32Array(), [0]],
  ];
  for (const [data, shape] of shapes) {
    const x = tensor(data);
    expect([x.dtype, x.shape]).toEqual(['float32', shape]);
  }
});

test('linspace ends at both ends, with one number at its start, and is symmetric', async () => {
  expect(await list(linspace(3, 5, 0))).toEqual([]);
  expect(await list(linspace(3, 5, 1))).toEqual([3]);
  expect(await list(linspace(3, 5, 2))).toEqual([3, 5]);
  expect(await list(linspace(5, 3, 5))).toEqual([5, 4.5, 4, 3.5, 3]);
  for (const steps of [3, 4, 50, 51]) {
    const up = await list(linspace(-0.1, 0.7, steps, { dtype: 'float64' }));
    expect([up[0], up.at(-1)]).toEqual([-0.1, 0.7]);
    expect(await list(linspace(0.1, -0.7, steps, { dtype: 'float64' }))).toEqual(up.map((value) => -value));
  }
});

test('arange counts to just below its end, in either direction', async () => {
  expect(await list(arange(0))).toEqual([]);
  expect(await list(arange(2, 2))).toEqual([]);
  expect(await list(arange(2.5))).toEqual([0, 1, 2]);
  expect(await list(arange(5, 0, -2))).toEqual([5, 3, 1]);
  expect(await list(arange(0, 1, 0.25))).toEqual([0, 0.25, 0.5, 0.75]);
  expect(() => arange(-1)).toThrow(ArgumentError);
});

test('options of zerosLike replace what it takes over', () => {
  const like = tensor([1, 2], { dtype: 'int32' });
  const x = zerosLike(like, { dtype: 'float64', requiresGrad: true });
  expect([x.dtype, x.shape, x.requiresGrad]).toEqual(['float64', [2], true]);
});

test('randint takes ranges up to the ends of int32', async () => {
  const lowest = await list(randint(-(2 ** 31), -(2 ** 31) + 1, [2]));
  const highest = await list(randint(2 ** 31 - 1, 2 ** 31, [2]));
  expect([lowest, highest]).toEqual([
    [-(2 ** 31), -(2 ** 31)],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ]);
  const high = await list(randint(2 ** 31, [64], { seed: 1, stream: 0 }));
  expect(Math.min(...high)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...high)).toBeGreaterThan(2 ** 30);
  for (const [low, end] of [
    [0, 2 ** 31 + 1],
    [-(2 ** 31) - 1, 0],
    [-(2 ** 31), 2 ** 31],
    [4, 4],
    [4, 3],
  ] as const)
    expect(() => randint(low, end, [2])).toThrow(ArgumentError);
});

test('what a captured step creates requires a gradient where it is asked to', () => {
  const made: Record<string, () => Tensor> = {
    arange: () => arange(3, { requiresGrad: true }),
    linspace: () => linspace(0, 1, 3, { requiresGrad: true }),
    eye: () => eye(3, 1, { requiresGrad: true }).reshape([3]),
    full: () => full([3], 2, { dtype: 'float32', requiresGrad: true }),
    randn: () => randn([3], { requiresGrad: true }),
  };
  for (const [name, make] of Object.entries(made)) {
    const step = capture((x: Tensor) => {
      const leaf = make();
      expect(leaf.requiresGrad, name).toBe(true);
      const copy = leaf.mul(x);
      expect(copy.requiresGrad, name).toBe(true);
      return copy.detach();
    });
    for (let call = 0; call < 3; call++) expect(step(tensor([1, 2, 3])).shape).toEqual([3]);
    step.dispose();
  }
});
