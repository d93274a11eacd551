import { rand, randint, type Tensor } from '../src/index.ts';
import * as ops from '../src/ops/index.ts';
import * as table from '../src/ops/table.ts';

/** One operation on inputs of one layout. The first word of the name is the operation's. */
export interface OperationCase {
  name: string;
  /** Makes inputs for about `size` elements, which is an even power of 2. Those of float32 get gradients. */
  inputs: (size: number) => Tensor[];
  run: (...inputs: Tensor[]) => Tensor;
}

const positive = (...shape: number[]): Tensor => rand(shape).add(0.1);
const side = (size: number): number => Math.sqrt(size);
const square = (size: number): Tensor => positive(side(size), side(size));
const narrow = (size: number, width: number = 4): Tensor => positive(size / width, width);
const images = (size: number): Tensor => positive(size / 1024, 4, 16, 16);
const condition = (...shape: number[]): Tensor => rand(shape).gt(0.5);
const indices = (below: number, ...shape: number[]): Tensor => randint(0, below, shape);

type Any = (...inputs: unknown[]) => Tensor;
const operation = (name: string): Any => (ops as unknown as Record<string, Any>)[name]!;

const UNARY: readonly string[] = [
  ...[
    'abs',
    'cos',
    'erf',
    'exp',
    'floor',
    'log',
    'neg',
    'reciprocal',
    'rsqrt',
    'sign',
    'sin',
    'sqrt',
    'square',
  ],
  ...['gelu', 'leakyRelu', 'relu', 'sigmoid', 'silu', 'softplus', 'tanh', 'clone', 'contiguous'],
];
const BINARY: readonly string[] = [
  ...['add', 'div', 'maximum', 'minimum', 'mul', 'pow', 'reluGradient', 'sub'],
  ...['eq', 'ge', 'gt', 'le', 'lt', 'ne'],
];

/** Layouts of one operand. */
const one: Record<string, (size: number) => Tensor> = {
  '': (n) => positive(n),
  transposed: (n) => square(n).t(),
  'narrow, transposed': (n) => narrow(n).t(),
  'four axes': (n) => images(n).permute([3, 1, 2, 0]),
};

/** Layouts of two operands. */
const two: Record<string, (size: number) => Tensor[]> = {
  '': (n) => [positive(n), positive(n)],
  scalar: (n) => [positive(n), positive()],
  row: (n) => [square(n), positive(side(n))],
  'column, transposed': (n) => [square(n).t(), positive(side(n), 1)],
  channels: (n) => [images(n), positive(4, 1, 1)],
  narrow: (n) => [narrow(n), positive(4)],
  'short rows in blocks': (n) => [positive(n / 16, 2, 8), positive(2, 1)],
  'outer product': (n) => [positive(n / 4, 1), positive(1, 4)],
};

/** Dims to reduce. */
const reduced: Record<string, { x: (size: number) => Tensor; dim?: number | number[] }> = {
  '': { x: (n) => positive(n) },
  rows: { x: square, dim: 1 },
  columns: { x: square, dim: 0 },
  'short rows': { x: narrow, dim: 1 },
  'few columns': { x: narrow, dim: 0 },
  channels: { x: images, dim: [0, 2, 3] },
  'middle axis': { x: images, dim: 1 },
};

function layouts<L>(
  names: readonly string[],
  kinds: Record<string, L>,
  build: (name: string, layout: L) => Omit<OperationCase, 'name'>,
): OperationCase[] {
  return names.flatMap((name) =>
    Object.entries(kinds).map(([layout, kind]) => ({
      name: `${name} ${layout}`.trim(),
      ...build(name, kind),
    })),
  );
}

const single = (
  name: string,
  inputs: (size: number) => Tensor | Tensor[],
  run: (x: Tensor, y: Tensor, z: Tensor) => Tensor,
): OperationCase => ({
  name,
  inputs: (size) => [inputs(size)].flat(),
  run: run,
});

const options = (run: unknown): Any => run as Any;

export const operationCases: readonly OperationCase[] = [
  ...layouts(UNARY, one, (name, x) => ({ inputs: (n) => [x(n)], run: operation(name) })),
  ...layouts(BINARY, two, (name, pair) => ({ inputs: pair, run: operation(name) })),
  ...layouts(['sum', 'mean', 'amax', 'amin', 'logsumexp', 'var', 'std'], reduced, (name, { x, dim }) => ({
    inputs: (n) => [x(n)],
    run: (input) => operation(name)(input, dim),
  })),
  ...layouts(['softmax', 'logSoftmax', 'argmax', 'argmin'], reduced, (name, { x, dim }) => ({
    inputs: (n) => [x(n)],
    run: (input) => operation(name)(input, typeof dim === 'number' ? dim : 0),
  })),
  ...layouts(['clamp'], one, (_, x) => ({
    inputs: (n) => [x(n)],
    run: (input) => input.clamp({ min: 0.3, max: 0.8 }),
  })),
  ...layouts(['where'], two, (_, pair) => ({
    inputs: (n) => {
      const [x, y] = pair(n) as [Tensor, Tensor];
      return [x.gt(0.5), x, y];
    },
    run: (test, x, y) => ops.where(test, x, y),
  })),
  single(
    'where number',
    (n) => [condition(n), positive(n)],
    (test, x) => ops.where(test, x, 0),
  ),
  single(
    'pow number',
    (n) => positive(n),
    (x) => x.pow(2),
  ),
  ...(['int32', 'bool', 'float16'] as const).map((dtype) =>
    single(
      `to ${dtype}`,
      (n) => positive(n),
      (x) => x.to(dtype),
    ),
  ),
  single(
    'view',
    (n) => positive(n),
    (x) => x.view([-1, 2]),
  ),
  single(
    'reshape transposed',
    (n) => square(n).t(),
    (x) => x.reshape([-1]),
  ),
  single(
    'flatten transposed',
    (n) => images(n).transpose(1, 3),
    (x) => x.flatten(1),
  ),
  single(
    'expand rows',
    (n) => positive(side(n)),
    (x) => x.expand([x.numel(), x.numel()]).contiguous(),
  ),
  single(
    'expand columns',
    (n) => positive(n / 8, 1),
    (x) => x.expand([x.numel(), 8]).contiguous(),
  ),
  single('flip', square, (x) => x.flip([0, 1])),
  single('permute', images, (x) => x.permute([0, 2, 3, 1]).contiguous()),
  single(
    'permute five axes',
    (n) => positive(n / 256, 4, 4, 4, 4),
    (x) => x.permute([4, 2, 0, 3, 1]).contiguous(),
  ),
  single('transpose', square, (x) => x.transpose(0, 1).contiguous()),
  single('t narrow', narrow, (x) => x.t().contiguous()),
  single(
    'squeeze',
    (n) => positive(n, 1),
    (x) => x.squeeze(),
  ),
  single(
    'unsqueeze',
    (n) => positive(n),
    (x) => x.unsqueeze(0),
  ),
  single('sumToSize', square, (x) => x.sumToSize([1, x.shape[1]!])),
  single(
    'slice',
    (n) => positive(n),
    (x) => x.slice([null, null, 2]).contiguous(),
  ),
  single('slice columns', narrow, (x) => x.slice(null, [1, 3]).contiguous()),
  single('pad', images, (x) => x.pad([1, 1, 1, 1])),
  single(
    'cat',
    (n) => [positive(n), positive(n)],
    (x, y) => ops.cat([x, y]),
  ),
  single(
    'cat columns',
    (n) => [narrow(n), narrow(n)],
    (x, y) => ops.cat([x, y], 1),
  ),
  single(
    'stack columns',
    (n) => [positive(n), positive(n)],
    (x, y) => ops.stack([x, y], 1),
  ),
  single(
    'gather rows',
    (n) => [square(n), indices(side(n), side(n), side(n))],
    (x, i) => x.gather(1, i),
  ),
  single(
    'gather columns',
    (n) => [narrow(n), indices(n / 4, n / 4, 4)],
    (x, i) => x.gather(0, i),
  ),
  single(
    'gather vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.gather(0, i),
  ),
  single(
    'gather classes',
    (n) => [narrow(n, 8), indices(8, n / 8, 1)],
    (x, i) => x.gather(1, i),
  ),
  single(
    'indexSelect rows',
    (n) => [narrow(n, 16), indices(n / 16, n / 16)],
    (x, i) => x.indexSelect(0, i),
  ),
  single(
    'indexSelect few of many',
    (n) => [narrow(n, 16), indices(n / 16, 64)],
    (x, i) => x.indexSelect(0, i),
  ),
  single(
    'indexSelect many of few',
    (n) => [positive(8, 16), indices(8, n / 16)],
    (x, i) => x.indexSelect(0, i),
  ),
  single(
    'indexSelect columns',
    (n) => [square(n), indices(side(n), side(n))],
    (x, i) => x.indexSelect(1, i),
  ),
  single(
    'indexSelect vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.indexSelect(0, i),
  ),
  single(
    'indexSelect one place',
    (n) => [positive(n), indices(1, n)],
    (x, i) => x.indexSelect(0, i),
  ),
  single(
    'scatterAdd rows',
    (n) => [square(n), indices(side(n), side(n), side(n))],
    (x, i) => x.scatterAdd(1, i, x.shape[1]!),
  ),
  single(
    'scatterAdd vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.scatterAdd(0, i, x.numel()),
  ),
  single(
    'scatterAdd one place',
    (n) => [positive(n), indices(1, n)],
    (x, i) => x.scatterAdd(0, i, 1),
  ),
  single(
    'dropout',
    (n) => positive(n),
    (x) => options(ops.dropout)(x, { p: 0.5, training: true }),
  ),
  single(
    'matmul',
    (n) => [narrow(n, 64), positive(64, 64)],
    (x, y) => x.matmul(y),
  ),
  single(
    'matmul vector',
    (n) => [square(n), positive(side(n))],
    (x, y) => x.matmul(y),
  ),
  single(
    'matmul batches',
    (n) => [positive(n / 16, 4, 4), positive(n / 16, 4, 4)],
    (x, y) => x.matmul(y),
  ),
  single(
    'linear',
    (n) => [narrow(n, 64), positive(64, 64), positive(64)],
    (x, w, b) => ops.linear(x, w, b),
  ),
  single(
    'conv2d',
    (n) => [images(n), positive(8, 4, 3, 3)],
    (x, w) => options(ops.conv2d)(x, w, undefined, { padding: 1 }),
  ),
  single('maxPool2d', images, (x) => options(ops.maxPool2d)(x, { kernelSize: 2 })),
  single('maxPool2d overlapping', images, (x) => options(ops.maxPool2d)(x, { kernelSize: 3, stride: 1 })),
  single('avgPool2d', images, (x) => options(ops.avgPool2d)(x, { kernelSize: 2 })),
  single('adaptiveAvgPool2d', images, (x) => x.adaptiveAvgPool2d(1)),
  single('batchNorm', images, (x) => ops.batchNorm(x, null, null, { training: true })),
  single('layerNorm', square, (x) => x.layerNorm([x.shape[1]!])),
  single('layerNorm short rows', narrow, (x) => x.layerNorm([4])),
  single(
    'crossEntropy',
    (n) => [narrow(n, 8), indices(8, n / 8)],
    (x, i) => x.crossEntropy(i),
  ),
  single(
    'crossEntropy two classes',
    (n) => [narrow(n, 2), indices(2, n / 2)],
    (x, i) => x.crossEntropy(i),
  ),
  single(
    'crossEntropy wide',
    (n) => [narrow(n, 4096), indices(4096, n / 4096)],
    (x, i) => x.crossEntropy(i, { labelSmoothing: 0.1 }),
  ),
  single(
    'crossEntropy images',
    (n) => [images(n), indices(4, n / 1024, 16, 16)],
    (x, i) => x.crossEntropy(i),
  ),
  single(
    'nllLoss',
    (n) => [narrow(n, 8), indices(8, n / 8)],
    (x, i) => x.nllLoss(i),
  ),
  single(
    'mseLoss',
    (n) => [positive(n), positive(n)],
    (x, y) => x.mseLoss(y),
  ),
  single(
    'binaryCrossEntropyWithLogits',
    (n) => [positive(n), positive(n)],
    (x, y) => x.binaryCrossEntropyWithLogits(y),
  ),
];

const missing = Object.keys(table).filter(
  (name) => !operationCases.some((each) => each.name.split(' ')[0] === name),
);
if (missing.length > 0) throw new Error(`operations without a case: ${missing.join(', ')}`);
