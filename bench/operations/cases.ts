import { rand, randint, randn, type Tensor } from '../../src/index.ts';
import * as ops from '../../src/ops/index.ts';
import * as table from '../../src/ops/table.ts';
import { composedCases } from './composed.ts';
import { optimizerCases } from './optimizers.ts';
import {
  condition,
  images,
  indices,
  narrow,
  one,
  type OperationCase,
  positive,
  reduced,
  side,
  square,
  two,
} from './layouts.ts';

type Any = (...inputs: unknown[]) => Tensor;
const operation = (name: string): Any => (ops as unknown as Record<string, Any>)[name]!;

/** Functions of one operand, and what they are in PyTorch. */
const UNARY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...[
        'abs',
        'cos',
        'erf',
        'exp',
        'expm1',
        'log1p',
        'floor',
        'log',
        'neg',
        'reciprocal',
        'relu',
        'rsqrt',
        'sigmoid',
        'sign',
      ],
      ...['sin', 'sqrt', 'square', 'tanh'],
    ].map((name) => [name, `torch.${name}(x)`]),
  ),
  gelu: 'F.gelu(x)',
  leakyRelu: 'F.leaky_relu(x)',
  silu: 'F.silu(x)',
  softplus: 'F.softplus(x)',
  clone: 'x.clone()',
  contiguous: 'x.contiguous()',
};

const BINARY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'add',
      'atan2',
      'div',
      'maximum',
      'minimum',
      'mul',
      'pow',
      'rsub',
      'sub',
      'eq',
      'ge',
      'gt',
      'le',
      'lt',
      'ne',
    ].map((name) => [name, `torch.${name}(x, y)`]),
  ),
  reluGradient: 'torch.ops.aten.threshold_backward(x, y, 0)',
};

const REDUCTIONS = ['sum', 'mean', 'amax', 'amin', 'logsumexp', 'var', 'std'] as const;
/** Along one dim; over the first one if no dim is named. */
const ALONG: Readonly<Record<string, string>> = {
  softmax: 'softmax',
  logSoftmax: 'log_softmax',
  argmax: 'argmax',
  argmin: 'argmin',
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
  torch: string,
  also: Pick<OperationCase, 'random'> = {},
): OperationCase => ({
  name,
  inputs: (size) => [inputs(size)].flat(),
  run: run,
  torch,
  ...also,
});

export const operationCases: readonly OperationCase[] = [
  ...layouts(Object.keys(UNARY), one, (name, x) => ({
    inputs: (n) => [x(n)],
    run: operation(name),
    torch: UNARY[name]!,
  })),
  ...layouts(Object.keys(BINARY), two, (name, pair) => ({
    inputs: pair,
    run: operation(name),
    torch: BINARY[name]!,
  })),
  ...layouts(REDUCTIONS, reduced, (name, { x, dim }) => ({
    inputs: (n) => [x(n)],
    run: (input) => operation(name)(input, dim),
    torch: `x.${name}(${dim === undefined ? (name === 'logsumexp' ? '0' : '') : JSON.stringify(dim)})`,
  })),
  ...layouts(Object.keys(ALONG), reduced, (name, { x, dim }) => {
    const along = typeof dim === 'number' ? dim : 0;
    return {
      inputs: (n) => [x(n)],
      run: (input) => operation(name)(input, along),
      torch: `x.${ALONG[name]!}(${along})`,
    };
  }),
  ...layouts(['clamp'], one, (_, x) => ({
    inputs: (n) => [x(n)],
    run: (input) => input.clamp({ min: 0.3, max: 0.8 }),
    torch: 'x.clamp(0.3, 0.8)',
  })),
  ...layouts(['where'], two, (_, pair) => ({
    inputs: (n) => {
      const [x, y] = pair(n) as [Tensor, Tensor];
      return [x.gt(0.5), x, y];
    },
    run: (test, x, y) => ops.where(test, x, y),
    torch: 'torch.where(x, y, z)',
  })),
  single(
    'where number',
    (n) => [condition(n), positive(n)],
    (test, x) => ops.where(test, x, 0),
    'torch.where(x, y, 0.0)',
  ),
  single(
    'pow number',
    (n) => positive(n),
    (x) => x.pow(2),
    'x.pow(2)',
  ),
  ...(['int32', 'bool', 'float16'] as const).map((dtype) =>
    single(
      `to ${dtype}`,
      (n) => positive(n),
      (x) => x.to(dtype),
      `x.to(torch.${dtype})`,
    ),
  ),
  single(
    'view',
    (n) => positive(n),
    (x) => x.view([-1, 2]),
    'x.view(-1, 2)',
  ),
  single(
    'reshape transposed',
    (n) => square(n).t(),
    (x) => x.reshape([-1]),
    'x.reshape(-1)',
  ),
  single(
    'flatten transposed',
    (n) => images(n).transpose(1, 3),
    (x) => x.flatten(1),
    'x.flatten(1)',
  ),
  single(
    'expand rows',
    (n) => positive(side(n)),
    (x) => x.expand([x.numel(), x.numel()]).contiguous(),
    'x.expand(x.numel(), x.numel()).contiguous()',
  ),
  single(
    'expand columns',
    (n) => positive(n / 8, 1),
    (x) => x.expand([x.numel(), 8]).contiguous(),
    'x.expand(x.numel(), 8).contiguous()',
  ),
  single('flip', square, (x) => x.flip([0, 1]), 'x.flip([0, 1])'),
  single(
    'permute',
    images,
    (x) => x.permute([0, 2, 3, 1]).contiguous(),
    'x.permute(0, 2, 3, 1).contiguous()',
  ),
  single(
    'permute five axes',
    (n) => positive(n / 256, 4, 4, 4, 4),
    (x) => x.permute([4, 2, 0, 3, 1]).contiguous(),
    'x.permute(4, 2, 0, 3, 1).contiguous()',
  ),
  single('transpose', square, (x) => x.transpose(0, 1).contiguous(), 'x.transpose(0, 1).contiguous()'),
  single('t narrow', narrow, (x) => x.t().contiguous(), 'x.t().contiguous()'),
  single(
    'squeeze',
    (n) => positive(n, 1),
    (x) => x.squeeze(),
    'x.squeeze()',
  ),
  single(
    'unsqueeze',
    (n) => positive(n),
    (x) => x.unsqueeze(0),
    'x.unsqueeze(0)',
  ),
  single('sumToSize', square, (x) => x.sumToSize([1, x.shape[1]!]), 'x.sum_to_size(1, x.shape[1])'),
  single(
    'slice',
    (n) => positive(n),
    (x) => x.slice([null, null, 2]).contiguous(),
    'x[::2].contiguous()',
  ),
  single('slice columns', narrow, (x) => x.slice(null, [1, 3]).contiguous(), 'x[:, 1:3].contiguous()'),
  single('pad', images, (x) => x.pad([1, 1, 1, 1]), 'F.pad(x, [1, 1, 1, 1])'),
  single(
    'cat',
    (n) => [positive(n), positive(n)],
    (x, y) => ops.cat([x, y]),
    'torch.cat([x, y])',
  ),
  single(
    'cat columns',
    (n) => [narrow(n), narrow(n)],
    (x, y) => ops.cat([x, y], 1),
    'torch.cat([x, y], 1)',
  ),
  single(
    'stack columns',
    (n) => [positive(n), positive(n)],
    (x, y) => ops.stack([x, y], 1),
    'torch.stack([x, y], 1)',
  ),
  single(
    'gather rows',
    (n) => [square(n), indices(side(n), side(n), side(n))],
    (x, i) => x.gather(1, i),
    'x.gather(1, y)',
  ),
  single(
    'gather columns',
    (n) => [narrow(n), indices(n / 4, n / 4, 4)],
    (x, i) => x.gather(0, i),
    'x.gather(0, y)',
  ),
  single(
    'gather vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.gather(0, i),
    'x.gather(0, y)',
  ),
  single(
    'gather classes',
    (n) => [narrow(n, 8), indices(8, n / 8, 1)],
    (x, i) => x.gather(1, i),
    'x.gather(1, y)',
  ),
  single(
    'indexSelect rows',
    (n) => [narrow(n, 16), indices(n / 16, n / 16)],
    (x, i) => x.indexSelect(0, i),
    'x.index_select(0, y)',
  ),
  single(
    'indexSelect few of many',
    (n) => [narrow(n, 16), indices(n / 16, 64)],
    (x, i) => x.indexSelect(0, i),
    'x.index_select(0, y)',
  ),
  single(
    'indexSelect many of few',
    (n) => [positive(8, 16), indices(8, n / 16)],
    (x, i) => x.indexSelect(0, i),
    'x.index_select(0, y)',
  ),
  single(
    'indexSelect columns',
    (n) => [square(n), indices(side(n), side(n))],
    (x, i) => x.indexSelect(1, i),
    'x.index_select(1, y)',
  ),
  single(
    'indexSelect vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.indexSelect(0, i),
    'x.index_select(0, y)',
  ),
  single(
    'indexSelect one place',
    (n) => [positive(n), indices(1, n)],
    (x, i) => x.indexSelect(0, i),
    'x.index_select(0, y)',
  ),
  single(
    'scatterAdd rows',
    (n) => [square(n), indices(side(n), side(n), side(n))],
    (x, i) => x.scatterAdd(1, i, x.shape[1]!),
    'torch.zeros(x.shape).scatter_add(1, y, x)',
  ),
  single(
    'scatterAdd vector',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.scatterAdd(0, i, x.numel()),
    'torch.zeros(x.shape).scatter_add(0, y, x)',
  ),
  single(
    'scatterAdd one place',
    (n) => [positive(n), indices(1, n)],
    (x, i) => x.scatterAdd(0, i, 1),
    'torch.zeros(1).scatter_add(0, y, x)',
  ),
  single(
    'dropout',
    (n) => positive(n),
    (x) => ops.dropout(x, { p: 0.5, training: true }),
    'F.dropout(x, 0.5, True)',
    { random: true },
  ),
  single(
    'matmul',
    (n) => [narrow(n, 64), positive(64, 64)],
    (x, y) => x.matmul(y),
    'x @ y',
  ),
  single(
    'matmul vector',
    (n) => [square(n), positive(side(n))],
    (x, y) => x.matmul(y),
    'x @ y',
  ),
  single(
    'matmul batches',
    (n) => [positive(n / 16, 4, 4), positive(n / 16, 4, 4)],
    (x, y) => x.matmul(y),
    'x @ y',
  ),
  single(
    'linear',
    (n) => [narrow(n, 64), positive(64, 64), positive(64)],
    (x, w, b) => ops.linear(x, w, b),
    'F.linear(x, y, z)',
  ),
  single(
    'conv2d',
    (n) => [images(n), positive(8, 4, 3, 3)],
    (x, w) => ops.conv2d(x, w, undefined, { padding: 1 }),
    'F.conv2d(x, y, padding=1)',
  ),
  single('maxPool2d', images, (x) => ops.maxPool2d(x, { kernelSize: 2 }), 'F.max_pool2d(x, 2)'),
  single(
    'maxPool2d overlapping',
    images,
    (x) => ops.maxPool2d(x, { kernelSize: 3, stride: 1 }),
    'F.max_pool2d(x, 3, 1)',
  ),
  single('avgPool2d', images, (x) => ops.avgPool2d(x, { kernelSize: 2 }), 'F.avg_pool2d(x, 2)'),
  single('adaptiveAvgPool2d', images, (x) => x.adaptiveAvgPool2d(1), 'F.adaptive_avg_pool2d(x, 1)'),
  single(
    'batchNorm',
    images,
    (x) => ops.batchNorm(x, null, null, { training: true }),
    'F.batch_norm(x, None, None, training=True)',
  ),
  single('layerNorm', square, (x) => x.layerNorm([x.shape[1]!]), 'F.layer_norm(x, x.shape[1:])'),
  single('layerNorm short rows', narrow, (x) => x.layerNorm([4]), 'F.layer_norm(x, [4])'),
  single(
    'crossEntropy',
    (n) => [narrow(n, 8), indices(8, n / 8)],
    (x, i) => x.crossEntropy(i),
    'F.cross_entropy(x, y)',
  ),
  single(
    'crossEntropy two classes',
    (n) => [narrow(n, 2), indices(2, n / 2)],
    (x, i) => x.crossEntropy(i),
    'F.cross_entropy(x, y)',
  ),
  single(
    'crossEntropy wide',
    (n) => [narrow(n, 4096), indices(4096, Math.ceil(n / 4096))],
    (x, i) => x.crossEntropy(i, { labelSmoothing: 0.1 }),
    'F.cross_entropy(x, y, label_smoothing=0.1)',
  ),
  single(
    'crossEntropy images',
    (n) => [images(n), indices(4, n / 1024, 16, 16)],
    (x, i) => x.crossEntropy(i),
    'F.cross_entropy(x, y)',
  ),
  single(
    'nllLoss',
    (n) => [narrow(n, 8), indices(8, n / 8)],
    (x, i) => x.nllLoss(i),
    'F.nll_loss(x, y)',
  ),
  single(
    'mseLoss',
    (n) => [positive(n), positive(n)],
    (x, y) => x.mseLoss(y),
    'F.mse_loss(x, y)',
  ),
  single(
    'binaryCrossEntropyWithLogits',
    (n) => [positive(n), positive(n)],
    (x, y) => x.binaryCrossEntropyWithLogits(y),
    'F.binary_cross_entropy_with_logits(x, y)',
  ),
  single(
    'rand',
    (n) => positive(n),
    (x) => rand(x.shape),
    'torch.rand(x.shape)',
    { random: true },
  ),
  single(
    'randn',
    (n) => positive(n),
    (x) => randn(x.shape),
    'torch.randn(x.shape)',
    { random: true },
  ),
  single(
    'randint',
    (n) => positive(n),
    (x) => randint(0, 100, x.shape),
    'torch.randint(0, 100, x.shape)',
    { random: true },
  ),
  ...composedCases,
  ...optimizerCases,
];

/** Operations of the table that no case times. */
export const untimed: readonly string[] = Object.keys(table).filter(
  (name) => !operationCases.some((each) => each.name.split(' ')[0] === name),
);
