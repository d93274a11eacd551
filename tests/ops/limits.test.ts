import { expect, test } from 'vitest';
import {
  ArgumentError,
  autocast,
  cat,
  crossEntropy,
  DeviceError,
  GradientError,
  linear,
  manualSeed,
  nn,
  ones,
  open,
  rand,
  setDefaultDevice,
  ShapeError,
  stack,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../src/index.ts';
import { getRngState } from '../../src/tensor/random.ts';
import { gradgradcheck } from '../../src/diagnostics/index.ts';

const cpu = await open('cpu');
const other = await open('cpu');
setDefaultDevice(cpu);
const {
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  binaryCrossEntropyWithLogits,
  conv2d,
  dropout,
  layerNorm,
  maxPool2d,
  nllLoss,
} = nn.functional;

const list = async (x: Tensor): Promise<number[]> => Array.from(await x.data());
const int = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });
const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });
const matrix = zeros(2, 3);
const images = zeros(1, 2, 4, 4);
const filters = zeros(2, 2, 3, 3);
const labels = int(0, 2);
const [mean, variance] = [zeros(2), ones(2)];
/** Every second of six numbers: a view with a step. */
const strided = (size: number): Tensor => zeros(2 * size).slice([null, null, 2]);

type Refusal = readonly [name: string, call: () => unknown, kind: new (...args: never[]) => Error];

const refusals: Refusal[] = [
  [
    "conv2d, 'same' with a horizontal step",
    () => conv2d(images, filters, null, { padding: 'same', stride: [1, 2] }),
    ArgumentError,
  ],
  [
    "conv2d, 'same' with a vertical step",
    () => conv2d(images, filters, null, { padding: 'same', stride: [2, 1] }),
    ArgumentError,
  ],
  ['conv2d, negative groups', () => conv2d(images, filters, null, { groups: -1 }), ArgumentError],
  ['conv2d, a filter without rows', () => conv2d(images, zeros(2, 2, 0, 3)), ShapeError],
  ['conv2d, a filter without columns', () => conv2d(images, zeros(2, 2, 3, 0)), ShapeError],
  ['conv2d, too wide', () => conv2d(images, zeros(2, 2, 1, 5)), ShapeError],
  ['conv2d, too high', () => conv2d(images, zeros(2, 2, 5, 1)), ShapeError],
  ['adaptiveAvgPool2d, three sizes', () => adaptiveAvgPool2d(images, [2, 2, 2] as never), ArgumentError],
  ['adaptiveAvgPool2d, one size', () => adaptiveAvgPool2d(images, [2] as never), ArgumentError],
  ['adaptiveAvgPool2d, a negative size', () => adaptiveAvgPool2d(images, [2, -1]), ArgumentError],
  ['adaptiveAvgPool2d, half a size', () => adaptiveAvgPool2d(images, [1.5, 1]), ArgumentError],
  ['adaptiveAvgPool2d, no row', () => adaptiveAvgPool2d(zeros(1, 2, 0, 4), 1), ShapeError],
  ['adaptiveAvgPool2d, no column', () => adaptiveAvgPool2d(zeros(1, 2, 4, 0), 1), ShapeError],
  ['avgPool2d, a divisor of 0', () => avgPool2d(images, 2, { divisorOverride: 0 }), ArgumentError],
  [
    'avgPool2d, an infinite divisor',
    () => avgPool2d(images, 2, { divisorOverride: Infinity }),
    ArgumentError,
  ],
  ['avgPool2d, no divisor', () => avgPool2d(images, 2, { divisorOverride: NaN }), ArgumentError],
  ['maxPool2d, too much padding', () => maxPool2d(images, 2, { padding: 2 }), ArgumentError],
  ['maxPool2d, too much padding of an odd window', () => maxPool2d(images, 3, { padding: 2 }), ArgumentError],
  [
    'maxPool2d, too much padding on the right',
    () => maxPool2d(images, 3, { padding: [1, 2] }),
    ArgumentError,
  ],
  ['maxPool2d, no channel', () => maxPool2d(zeros(1, 0, 4, 4), 2), ShapeError],
  ['maxPool2d, no channel of one image', () => maxPool2d(zeros(0, 4, 4), 2), ShapeError],
  ['maxPool2d, no column', () => maxPool2d(zeros(1, 2, 4, 0), 1), ShapeError],
  ['maxPool2d, too wide a window', () => maxPool2d(images, [1, 5]), ShapeError],
  ['maxPool2d, too high a window', () => maxPool2d(images, [5, 1]), ShapeError],
  [
    'maxPool2d, windows above and below the image',
    () => maxPool2d(zeros(1, 1, 1, 4), [2, 1], { padding: [1, 0], dilation: 2 }),
    ArgumentError,
  ],
  [
    'maxPool2d, windows beside the image',
    () => maxPool2d(zeros(1, 1, 4, 1), [1, 2], { padding: [0, 1], dilation: 2 }),
    ArgumentError,
  ],
  [
    'batchNorm, a negative momentum',
    () => batchNorm(ones(3, 2), mean, variance, { momentum: -0.1, training: true }),
    ArgumentError,
  ],
  ['batchNorm, evaluation without a mean', () => batchNorm(ones(3, 2), null, variance), ArgumentError],
  ['batchNorm, evaluation without a variance', () => batchNorm(ones(3, 2), mean, null), ArgumentError],
  [
    'batchNorm, one value in a channel',
    () => batchNorm(ones(1, 2), mean, variance, { training: true }),
    ShapeError,
  ],
  [
    'batchNorm, one pixel in a channel',
    () => batchNorm(ones(1, 2, 1, 1), mean, variance, { training: true }),
    ShapeError,
  ],
  [
    'batchNorm, a mean with a step',
    () => batchNorm(ones(3, 2), strided(2), variance, { training: true }),
    ArgumentError,
  ],
  [
    'batchNorm, a variance with a step',
    () => batchNorm(ones(3, 2), mean, strided(2), { training: true }),
    ArgumentError,
  ],
  ['batchNorm, a vector', () => batchNorm(ones(2), mean, variance), ShapeError],
  ['layerNorm, no dims', () => layerNorm(matrix, []), ShapeError],
  ['layerNorm, another shape', () => layerNorm(matrix, [2]), ShapeError],
  [
    'binaryCrossEntropyWithLogits, a turned target',
    () => binaryCrossEntropyWithLogits(matrix, zeros(3, 2)),
    ShapeError,
  ],
  [
    'binaryCrossEntropyWithLogits, a weight for a batch of batches',
    () => binaryCrossEntropyWithLogits(matrix, matrix, zeros(4, 2, 3)),
    ShapeError,
  ],
  [
    'binaryCrossEntropyWithLogits, a posWeight for more rows',
    () => binaryCrossEntropyWithLogits(zeros(1, 3), zeros(1, 3), { posWeight: zeros(2, 1) }),
    ShapeError,
  ],
  ['mseLoss, a turned target', () => nn.functional.mseLoss(matrix, zeros(3, 2)), ShapeError],
  [
    'crossEntropy, negative smoothing',
    () => crossEntropy(matrix, labels, { labelSmoothing: -1e-9 }),
    ArgumentError,
  ],
  [
    'crossEntropy, smoothing above 1',
    () => crossEntropy(matrix, labels, { labelSmoothing: 1 + 1e-9 }),
    ArgumentError,
  ],
  ['crossEntropy, smoothing NaN', () => crossEntropy(matrix, labels, { labelSmoothing: NaN }), ArgumentError],
  ['crossEntropy, half an index', () => crossEntropy(matrix, labels, { ignoreIndex: 0.5 }), ArgumentError],
  [
    'crossEntropy, an infinite index',
    () => crossEntropy(matrix, labels, { ignoreIndex: Infinity }),
    ArgumentError,
  ],
  [
    'crossEntropy, probabilities without class 0',
    () => crossEntropy(matrix, matrix, { ignoreIndex: 0 }),
    ArgumentError,
  ],
  [
    'crossEntropy, probabilities without class 2',
    () => crossEntropy(matrix, matrix, { ignoreIndex: 2 }),
    ArgumentError,
  ],
  [
    'crossEntropy, probabilities with too few weights',
    () => crossEntropy(matrix, matrix, { weight: zeros(2) }),
    ShapeError,
  ],
  [
    'crossEntropy, probabilities with trained weights',
    () => crossEntropy(matrix, matrix, { weight: leaf(1, 1, 1) }),
    GradientError,
  ],
  [
    'crossEntropy, trained weights',
    () => crossEntropy(matrix, labels, { weight: leaf(1, 1, 1) }),
    GradientError,
  ],
  ['crossEntropy, no classes', () => crossEntropy(zeros(2, 0), labels), ShapeError],
  ['crossEntropy, probabilities of no classes', () => crossEntropy(zeros(2, 0), zeros(2, 0)), ShapeError],
  ['nllLoss, half an index', () => nllLoss(matrix, labels, { ignoreIndex: 0.5 }), ArgumentError],
  ['nllLoss, an index of 33 bits', () => nllLoss(matrix, labels, { ignoreIndex: 2 ** 32 }), ArgumentError],
  ['nllLoss, no classes', () => nllLoss(zeros(2, 0), labels), ShapeError],
  ['nllLoss, trained weights', () => nllLoss(matrix, labels, leaf(1, 1, 1)), GradientError],
  [
    'nllLoss, labels elsewhere',
    () => nllLoss(matrix, zeros([2], { dtype: 'int32', device: other })),
    DeviceError,
  ],
  ['dropout, below 0', () => dropout(matrix, -1e-9), ArgumentError],
  ['dropout, above 1', () => dropout(matrix, 1 + 1e-9), ArgumentError],
  ['cat, ranks', () => cat([zeros(2, 3), zeros(2)]), ShapeError],
  ['cat, ranks, where the sizes agree', () => cat([zeros(2, 3), zeros(2, 3, 1)], 1), ShapeError],
  ['cat, scalars', () => cat([zeros([]), zeros([])]), ShapeError],
  [
    'cat, a vector without elements elsewhere',
    () => cat([matrix, zeros([0], { device: other })]),
    DeviceError,
  ],
  [
    'cat, another dtype elsewhere',
    () => cat([matrix, zeros([2, 3], { dtype: 'int32', device: other })]),
    DeviceError,
  ],
  ['stack, sizes', () => stack([zeros(2, 3), zeros(3, 3)]), ShapeError],
  [
    'where, a condition elsewhere',
    () => where(zeros([2], { dtype: 'bool', device: other }), zeros(2), 1),
    DeviceError,
  ],
  [
    'gather, an index that is too large beside dim',
    () => matrix.gather(1, zeros([3, 1], { dtype: 'int32' })),
    ShapeError,
  ],
  ['scatterAdd, a src of fewer dims', () => zeros(2).scatterAdd(0, int(0), zeros([])), ShapeError],
  ['scatterAdd, a src that would broadcast', () => matrix.scatterAdd(0, int(0, 1), zeros(2)), ShapeError],
  ['scatterAdd, to a negative length', () => zeros(2).scatterAdd(0, labels, -1), ArgumentError],
  ['linear, a bias of rows that does not fit', () => linear(matrix, zeros(4, 3), zeros(2, 5)), ShapeError],
  ['linear, a bias of one', () => linear(matrix, zeros(4, 3), zeros(1)), ShapeError],
  ['matmul, a scalar on the left', () => zeros([]).matmul(matrix), ShapeError],
  ['matmul, a scalar on the right', () => matrix.matmul(zeros([])), ShapeError],
  ['matmul, scalars', () => zeros([]).matmul(zeros([])), ShapeError],
  ['pad, three amounts', () => matrix.pad([1, 1, 1]), ArgumentError],
  ['pad, a pair too many', () => matrix.pad([0, 0, 0, 0, 0, 0]), ShapeError],
  ['pad, a crop of more than all', () => matrix.pad([-2, -2]), ShapeError],
  ['slice, a range too many', () => matrix.slice(null, null, null), ShapeError],
  ['slice, four numbers', () => matrix.slice([0, 1, 1, 1] as never), ArgumentError],
  ['slice, no step', () => matrix.slice([0, 1, 0]), ArgumentError],
  ['slice, a step back', () => matrix.slice([1, 0, -1]), ArgumentError],
  ['slice, half a place', () => matrix.slice([0.5, 1]), ArgumentError],
  ['expand, fewer dims', () => zeros(1, 3).expand([3]), ShapeError],
  ['expand, a new dim as it is', () => matrix.expand([-1, 2, 3]), ShapeError],
  ['expand, too many elements', () => ones(1).expand([2 ** 31 + 1]), ShapeError],
  ['reshape, two unknown sizes', () => matrix.reshape(-1, -1), ShapeError],
  ['reshape, two unknown sizes beside all', () => matrix.reshape(-1, 6, -1), ShapeError],
  ['t, three dims', () => zeros(1, 2, 3).t(), ShapeError],
  ['flatten, a dim past a scalar', () => matrix.flatten(0, 2), ShapeError],
  ['argmax, a dim past a scalar', () => zeros([]).argmax(1), ShapeError],
  ['argmin, along nothing', () => zeros(2, 0).argmin(1), ShapeError],
  ['amax, over nothing', () => zeros(2, 0).amax(1), ShapeError],
  ['softmax, a dim past a scalar', () => zeros([]).softmax(1), ShapeError],
  ['pow, of truth values to a negative whole power', () => tensor([true]).pow(-1), ArgumentError],
  ['floorDivide, integers by 0', () => labels.floorDivide(0), ArgumentError],
  ['remainder, integers by 0', () => labels.remainder(-0), ArgumentError],
  ['clamp, nothing', () => zeros([]).clamp(null), ArgumentError],
];

test.each(refusals)('refused: %s', (_, call, kind) => {
  expect(call).toThrow(kind);
});

const same = (x: Tensor, shape: readonly number[]): void => expect(x.shape).toEqual(shape);

test('what is just within the limits is taken', () => {
  same(maxPool2d(images, 3, { padding: 1 }), [1, 2, 2, 2]);
  same(maxPool2d(images, 2, { padding: 1 }), [1, 2, 3, 3]);
  same(maxPool2d(images, 4, { padding: 2 }), [1, 2, 2, 2]);
  same(maxPool2d(images, 4), [1, 2, 1, 1]);
  same(maxPool2d(zeros(0, 2, 4, 4), 2), [0, 2, 2, 2]);
  same(maxPool2d(zeros(1, 1, 2, 4), [2, 1], { padding: [1, 0], dilation: 2 }), [1, 1, 1, 4]);
  same(adaptiveAvgPool2d(images, [0, 2]), [1, 2, 0, 2]);
  same(adaptiveAvgPool2d(images, [null, 1]), [1, 2, 4, 1]);
  same(adaptiveAvgPool2d(images, null), [1, 2, 4, 4]);
  same(avgPool2d(images, 2, { divisorOverride: -2 }), [1, 2, 2, 2]);
  same(batchNorm(zeros(2, 2, 0), mean, variance, { training: true }), [2, 2, 0]);
  same(batchNorm(zeros(0, 2), mean, variance, { training: true }), [0, 2]);
  same(batchNorm(ones(2, 2), mean, variance, { training: true, momentum: 0 }), [2, 2]);
  same(crossEntropy(matrix, matrix, { ignoreIndex: -1, labelSmoothing: 1 }), []);
  same(crossEntropy(matrix, labels, { ignoreIndex: 0 }), []);
  same(layerNorm(zeros(2, 0), [0]), [2, 0]);
  same(matrix.pad([-1, -2]), [2, 0]);
  same(matrix.pad([0, -3, -2, 0]), [0, 0]);
  same(matrix.slice([-10, 1], [2, -10]), [1, 0]);
  same(matrix.slice([5, 9]), [0, 3]);
  same(ones(1).expand([2 ** 31]), [2 ** 31]);
  same(matrix.flip([]), [2, 3]);
  same(zeros(0, 3).flip([0, 1]), [0, 3]);
  same(zeros([]).flatten(), [1]);
  same(zeros([]).t(), []);
  same(zeros([]).argmax(0), []);
  same(zeros([]).argmax(-1, true), []);
  same(zeros(0, 3).amax(1), [0]);
  same(zeros(0, 3).argmax(1, true), [0, 1]);
  same(zeros(2, 3).argmin(undefined, true), [1, 1]);
  same(tensor([true]).pow(-0.5), [1]);
  same(zeros(2, 0).matmul(zeros(0, 3)), [2, 3]);
  same(zeros(2, 3).matmul(zeros(3, 0)), [2, 0]);
  same(zeros(0).scatterAdd(0, int(), 0), [0]);
});

test('values at the limits', async () => {
  const cases: [string, Tensor, number[]][] = [
    ['no inner size', zeros(2, 0).matmul(zeros(0, 2)), [0, 0, 0, 0]],
    ['a negative divisor', avgPool2d(ones(1, 1, 2, 2), 2, { divisorOverride: -2 }), [-2]],
    ['a crop beside a border', tensor([1, 2, 3]).pad([-1, 2], { value: 9 }), [2, 3, 9, 9]],
    ['a border beside a crop', tensor([1, 2, 3]).pad([2, -1], { value: 9 }), [9, 9, 1, 2]],
    ['flip along no dim', tensor([1, 2]).flip([]), [1, 2]],
    ['a start before the first', tensor([1, 2, 3]).slice([-5, 2]), [1, 2]],
    ['an end before the first', tensor([1, 2, 3]).slice([0, -5]), []],
    ['a step past the end', tensor([1, 2, 3, 4]).slice([0, 4, 3]), [1, 4]],
    ['limits in reverse', tensor([1, 9]).clamp(5, 2), [2, 2]],
    ['limits of int32 in reverse', int(1, 9).clamp(5, 2), [2, 2]],
    ['limits of int32', int(-5, 0, 5).clamp(-1, 1), [-1, 0, 1]],
    ['one limit of int32', int(-5, 0, 5).clamp({ max: 1 }), [-5, 0, 1]],
    ['more correction than numbers', tensor([1, 2]).var({ correction: 3 }), [Infinity]],
    ['as much correction as numbers', tensor([1, 2]).var({ correction: 2 }), [Infinity]],
    ['a fraction of correction', tensor([1, 3]).var({ correction: 0.5 }), [2 / 1.5].map(Math.fround)],
    ['truth values, counted', tensor([[true], [true]] as never).sum(0, true), [2]],
    ['the log of a sum of nothing', zeros(0, 2).logsumexp(0, true), [-Infinity, -Infinity]],
    ['the log of a sum of int32', int(0, 0).logsumexp(0, true), [Math.fround(Math.LN2)]],
    ['negative weights', nllLoss(tensor([[-1, -2]]), int(1), tensor([1, -3])), [2]],
    [
      'negative weights of logits',
      crossEntropy(zeros(1, 2), int(1), tensor([1, -3])),
      [Math.fround(Math.LN2)],
    ],
    [
      'negative weights, without a sum',
      nllLoss(tensor([[-1, -2]]), int(1), tensor([1, -3]), { reduction: 'sum' }),
      [-6],
    ],
    [
      'a bias for each row',
      linear(ones(2, 1), ones(1, 1), tensor([[1], [-5]]), { activation: 'relu' }),
      [2, 0],
    ],
    ['a bias with a step', linear(ones(1, 1), ones(2, 1), tensor([1, 9, 2]).slice([null, null, 2])), [2, 3]],
  ];
  for (const [name, x, wanted] of cases) expect(await list(x), name).toEqual(wanted);
  const shapes: [Tensor, number[]][] = [
    [tensor([[true], [true]] as never).sum(0, true), [1, 1]],
    [zeros(0, 2).logsumexp(0, true), [1, 2]],
    [zeros(0, 2).logsumexp(0), [2]],
    [int(0, 0).logsumexp(0, true), [1]],
  ];
  for (const [x, shape] of shapes) same(x, shape);
});

test('the loss of large logits is as exact as its dtype', async () => {
  const x = tensor(new Float64Array([18, 21, 30, -18, -21, -30]));
  for (const target of [0, 1]) {
    const losses = binaryCrossEntropyWithLogits(x, zeros([6], { dtype: 'float64' }).add(target), {
      reduction: 'none',
    });
    const wanted = (await list(x)).map((value) => {
      const against = target === 0 ? value : -value;
      return Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against)));
    });
    (await list(losses)).forEach((loss, at) => {
      expect(Math.abs(loss / wanted[at]! - 1)).toBeLessThan(1e-15);
    });
  }
});

test('second derivatives of poolings of images that are not square', async () => {
  const x = tensor(
    Float64Array.from({ length: 30 }, (_, at) => ((at * 7) % 30) / 10),
    { shape: [1, 2, 3, 5], requiresGrad: true },
  );
  expect(await gradgradcheck((image) => maxPool2d(image, [2, 3], { stride: [1, 2] }).square(), [x])).toBe(
    true,
  );
  expect(await gradgradcheck((image) => adaptiveAvgPool2d(image, [2, 3]).square(), [x])).toBe(true);
  expect(await gradgradcheck((image) => avgPool2d(image, [2, 3], { padding: [1, 0] }).square(), [x])).toBe(
    true,
  );
});

test('a batch of nothing leaves the running statistics', async () => {
  const [center, spread] = [tensor([3, 4]), tensor([5, 6])];
  for (const shape of [
    [0, 2],
    [0, 2, 3],
    [4, 2, 0],
    [4, 2, 3, 0],
  ])
    same(batchNorm(zeros(shape), center, spread, { training: true }), shape);
  expect([await list(center), await list(spread)]).toEqual([
    [3, 4],
    [5, 6],
  ]);
});

test('numbers beside int32 are int32 as long as they are of its range', () => {
  const dtypeWith = (value: number): string => int(1).add(value).dtype;
  for (const value of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) expect(dtypeWith(value), String(value)).toBe('int32');
  for (const value of [0.5, 2 ** 31, -(2 ** 31) - 1, NaN, Infinity])
    expect(dtypeWith(value), String(value)).toBe('float32');
  expect(tensor([true]).mul(2).dtype).toBe('int32');
  expect(tensor([true]).mul(0.5).dtype).toBe('float32');
  expect(zeros([1], { dtype: 'float64' }).mul(2 ** 40).dtype).toBe('float64');
});

test('dropout without dropping draws no numbers and takes any dtype', async () => {
  manualSeed(4);
  expect(await list(int(1, 2).dropout(0))).toEqual([1, 2]);
  expect(await list(int(1, 2).dropout(1, false))).toEqual([1, 2]);
  expect(getRngState()).toEqual({ seed: 4, stream: 0 });
  expect(await list(tensor([1, -2, NaN]).dropout(1))).toEqual([0, -0, NaN]);
  expect(getRngState()).toEqual({ seed: 4, stream: 1 });
  manualSeed(0);
});

test('a long product with few outputs has its bias and its relu', async () => {
  const size = 4096;
  const x = ones(2, size);
  const weight = stack([ones(size), ones(size).mul(-1)]);
  for (const bias of [tensor([-5000, 5000]), tensor([1, 1])]) {
    const added = await list(bias);
    const sums = [size, -size].map((sum, at) => sum + added[at]!);
    expect(await list(linear(x, weight, bias))).toEqual([...sums, ...sums]);
    const cut = sums.map((sum) => Math.max(sum, 0));
    expect(await list(linear(x, weight, bias, { activation: 'relu' }))).toEqual([...cut, ...cut]);
  }
  expect(await list(linear(x, weight, { activation: 'relu' }))).toEqual([size, 0, size, 0]);
});

test('views of a part are factors of float16 like others', async () => {
  const x = tensor([9, 9, 1, 2, 3, 4]);
  const part = x.slice([2, 6]).reshape(2, 2);
  const double = tensor(new Float64Array([1 / 3]), { shape: [1, 1] });
  for (const [a, b, wanted] of [
    [part, part, [7, 10, 15, 22]],
    [part, part.t(), [5, 11, 11, 25]],
    [part.t(), part.to('float16'), [10, 14, 14, 20]],
    [part.to('float16'), part, [7, 10, 15, 22]],
  ] as const)
    expect(await list(autocast('float16', () => a.matmul(b)))).toEqual(wanted);
  expect(await list(part.matmul(part.to('float16')))).toEqual([7, 10, 15, 22]);
  // float64 keeps its precision.
  expect(await list(autocast('float16', () => double.matmul(double)))).toEqual([(1 / 3) * (1 / 3)]);
  // 2049 is between two float16 numbers.
  const fine = tensor([[2049]]);
  expect(await list(fine.matmul(tensor([[1]]).to('float16')))).toEqual([2048]);
  expect(
    await list(
      tensor([[1]])
        .to('float16')
        .matmul(fine),
    ),
  ).toEqual([2048]);
  expect(await list(fine.matmul(tensor([[1]])))).toEqual([2049]);
});

test('what needs no change is a handle of its own, on the same memory', () => {
  const x = rand(4, 3);
  const before = cpu.stats().buffersAlive;
  const handles: Record<string, Tensor> = {
    to: x.to('float32'),
    dropout: x.dropout(0),
    'dropout in evaluation': x.dropout(0.5, false),
    contiguous: x.contiguous(),
    'contiguous, of rows': x.slice([1, 3]).contiguous(),
    reshape: x.reshape(4, 3),
    sumToSize: x.sumToSize(4, 3),
    expand: x.expand(4, 3),
    t: x.t(),
    slice: x.slice(null),
    flip: x.flip([]),
  };
  expect(cpu.stats().buffersAlive).toBe(before);
  for (const [name, handle] of Object.entries(handles)) {
    expect(handle, name).not.toBe(x);
    handle.dispose();
    expect([x.freed, handle.freed], name).toEqual([false, true]);
  }
});

test('many numbers take memory for some of them only', async () => {
  const x = ones(1);
  const before = cpu.stats().buffersAlive;
  for (let number = 0; number < 1200; number++) x.mul(number + 0.5).dispose();
  const { buffersAlive, bytesUploaded } = cpu.stats();
  expect(buffersAlive - before).toBeLessThanOrEqual(1024);
  // A number that is used again and again stays.
  for (let number = 0; number < 1100; number++) {
    x.mul(1199.5).dispose();
    x.mul(number + 0.25).dispose();
  }
  expect(cpu.stats().bytesUploaded - bytesUploaded).toBe(4 * 1100);
  expect(await list(x.mul(0.5).add(1234.25))).toEqual([1234.75]);
});
