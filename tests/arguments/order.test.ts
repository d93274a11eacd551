import { describe, expect, test } from 'vitest';
import * as wgrad from '../../src/index.ts';
import { nn, open, optim, setDefaultDevice, type Tensor } from '../../src/index.ts';

setDefaultDevice(await open('cpu'));
const F = nn.functional;
const { tensor } = wgrad;

const values = Float32Array.from({ length: 36 }, (_, i) => Math.sin(i));
const image = tensor(values, { shape: [1, 1, 6, 6] });
const x = tensor([
  [1, -2, 3],
  [0.5, 4, -1],
]);
const filter = tensor(values.slice(0, 9), { shape: [1, 1, 3, 3] });
const filters = tensor(values.slice(0, 18), { shape: [2, 1, 3, 3] });
const two = tensor(values.slice(0, 32), { shape: [1, 2, 4, 4] });
const [weight, bias] = [tensor([2, 3, 4]), tensor([1, 0, -1])];
const labels = tensor([0, 2], { dtype: 'int32' });

/** A call in PyTorch's order, and the same call by name. */
const calls: readonly [string, () => Tensor, () => Tensor][] = [
  [
    'max_pool2d(x, 3, 2, 1, 1, True)',
    () => F.maxPool2d(image, 3, 2, 1, 1, true),
    () => F.maxPool2d(image, { kernelSize: 3, stride: 2, padding: 1, dilation: 1, ceilMode: true }),
  ],
  ['max_pool2d(x, 2)', () => F.maxPool2d(image, 2), () => F.maxPool2d(image, { kernelSize: 2 })],
  [
    'max_pool2d(x, 2, stride=1)',
    () => F.maxPool2d(image, 2, { stride: 1 }),
    () => F.maxPool2d(image, { kernelSize: 2, stride: 1 }),
  ],
  [
    'avg_pool2d(x, 3, 2, 1, True, False, 5)',
    () => F.avgPool2d(image, 3, 2, 1, true, false, 5),
    () =>
      F.avgPool2d(image, {
        kernelSize: 3,
        stride: 2,
        padding: 1,
        ceilMode: true,
        countIncludePad: false,
        divisorOverride: 5,
      }),
  ],
  [
    'conv2d(x, w, None, 2, 1)',
    () => F.conv2d(image, filter, null, 2, 1),
    () => F.conv2d(image, filter, { stride: 2, padding: 1 }),
  ],
  [
    'conv2d(x, w, None, 1, "same", 2)',
    () => F.conv2d(image, filter, null, 1, 'same', 2),
    () => F.conv2d(image, filter, null, { padding: 'same', dilation: 2 }),
  ],
  [
    'conv2d(x, w, b, 1, 0, 1, 2)',
    () => F.conv2d(two, filters, tensor([1, 2]), 1, 0, 1, 2),
    () => F.conv2d(two, filters, { bias: tensor([1, 2]), groups: 2 }),
  ],
  [
    'dropout(x, 0.9)',
    () => F.dropout(x, 0.9, { seed: 1, stream: 1 }),
    () => F.dropout(x, { p: 0.9, seed: 1, stream: 1 }),
  ],
  ['dropout(x, 0.9, False)', () => F.dropout(x, 0.9, false), () => x],
  [
    'batch_norm(x, m, v, w, b, False, 0.1, 0.5)',
    () => F.batchNorm(x, bias, weight, weight, bias, false, 0.1, 0.5),
    () => F.batchNorm(x, bias, weight, { weight, bias, training: false, momentum: 0.1, eps: 0.5 }),
  ],
  [
    'layer_norm(x, [3], w, b, 0.5)',
    () => F.layerNorm(x, [3], weight, bias, 0.5),
    () => F.layerNorm(x, [3], { weight, bias, eps: 0.5 }),
  ],
  [
    'cross_entropy(x, y, w)',
    () => F.crossEntropy(x, labels, weight),
    () => F.crossEntropy(x, labels, { weight }),
  ],
  ['nll_loss(x, y, w)', () => F.nllLoss(x, labels, weight), () => F.nllLoss(x, labels, { weight })],
  [
    'binary_cross_entropy_with_logits(x, y, w)',
    () => F.binaryCrossEntropyWithLogits(x, x.sigmoid(), weight),
    () => F.binaryCrossEntropyWithLogits(x, x.sigmoid(), { weight }),
  ],
  ['softplus(x, 2, 1)', () => F.softplus(x, 2, 1), () => F.softplus(x, { beta: 2, threshold: 1 })],
  ['leaky_relu(x, 0.3)', () => F.leakyRelu(x, 0.3), () => F.leakyRelu(x, { negativeSlope: 0.3 })],
  ['gelu(x, "tanh")', () => F.gelu(x, 'tanh'), () => F.gelu(x, { approximate: 'tanh' })],
  ['pad(x, [1, 2], "constant", 7)', () => x.pad([1, 2], 'constant', 7), () => x.pad([1, 2], { value: 7 })],
  ['linear(x, w, b)', () => F.linear(x, x, tensor([1, 2])), () => F.linear(x, x, { bias: tensor([1, 2]) })],
  ['clamp(x, 0, 1)', () => x.clamp(0, 1), () => x.clamp({ min: 0, max: 1 })],
  ['clamp(x, None, 1)', () => x.clamp(null, 1), () => x.clamp({ max: 1 })],
  ['sum(x, 1, True)', () => x.sum(1, true), () => x.sum({ dim: 1, keepdim: true })],
  ['sum(x, None)', () => x.sum(null), () => x.sum()],
  ['var(x, 1, correction=0)', () => x.var(1, { correction: 0 }), () => x.var({ dim: 1, correction: 0 })],
  ['argmax(x, 1, True)', () => x.argmax(1, true), () => x.argmax({ dim: 1, keepdim: true })],
  ['flatten(x, 0, 1)', () => x.flatten(0, 1), () => x.flatten({ startDim: 0, endDim: 1 })],
  ['reshape(3, -1)', () => x.reshape(3, -1), () => x.reshape([3, -1])],
  ['view(-1)', () => x.view(-1), () => x.view([-1])],
  ['permute(1, 0)', () => x.permute(1, 0), () => x.t()],
  ['flip(0, 1)', () => x.flip(0, 1), () => x.flip([0]).flip([1])],
  ['expand(2, -1, -1)', () => x.expand(2, -1, -1), () => x.expand([2, 2, 3])],
  ['sum_to_size(1, 3)', () => x.sumToSize(1, 3), () => x.sum(0, true)],
  [
    'scatter_add(x, 0, index, src)',
    () => x.scatterAdd(0, tensor([[1, 1, 0]], { dtype: 'int32' }), tensor([[1, 2, 3]])),
    () =>
      x.add(
        tensor([
          [0, 0, 3],
          [1, 2, 0],
        ]),
      ),
  ],
  ['zeros(2, 3)', () => wgrad.zeros(2, 3), () => wgrad.zeros([2, 3])],
  [
    'ones(2, dtype=int32)',
    () => wgrad.ones(2, { dtype: 'int32' }),
    () => wgrad.ones([2], { dtype: 'int32' }),
  ],
  [
    'rand(2, 3, seed)',
    () => wgrad.rand(2, 3, { seed: 1, stream: 1 }),
    () => wgrad.rand([2, 3], { seed: 1, stream: 1 }),
  ],
  [
    'randn(2, 3, seed)',
    () => wgrad.randn(2, 3, { seed: 1, stream: 1 }),
    () => wgrad.randn([2, 3], { seed: 1, stream: 1 }),
  ],
  [
    'randint(5, (4,))',
    () => wgrad.randint(5, [4], { seed: 1, stream: 1 }),
    () => wgrad.randint(0, 5, [4], { seed: 1, stream: 1 }),
  ],
  [
    'arange(1, 5, dtype=int32)',
    () => wgrad.arange(1, 5, { dtype: 'int32' }),
    () => tensor([1, 2, 3, 4], { dtype: 'int32' }),
  ],
  [
    'eye(2, dtype=int32)',
    () => wgrad.eye(2, { dtype: 'int32' }),
    () =>
      tensor(
        [
          [1, 0],
          [0, 1],
        ],
        { dtype: 'int32' },
      ),
  ],
  ['cat([a, b], 1)', () => wgrad.cat([x, x], 1), () => wgrad.cat([x, x], { dim: 1 })],
];

test.each(calls)('%s is the call by name', async (_, inOrder, byName) => {
  const [found, wanted] = [inOrder(), byName()];
  expect([found.dtype, found.shape]).toEqual([wanted.dtype, wanted.shape]);
  expect(await found.data()).toEqual(await wanted.data());
});

/** Modules print their options as PyTorch does. */
const modules: readonly [string, () => nn.Module, () => nn.Module][] = [
  [
    'Conv2d(4, 8, 3, 2, 1, 2, 2, False)',
    () => new nn.Conv2d(4, 8, 3, 2, 1, 2, 2, false),
    () => new nn.Conv2d(4, 8, 3, { stride: 2, padding: 1, dilation: 2, groups: 2, bias: false }),
  ],
  ['Linear(2, 3, False)', () => new nn.Linear(2, 3, false), () => new nn.Linear(2, 3, { bias: false })],
  [
    'BatchNorm2d(4, 0.1, 0.5, False, False)',
    () => new nn.BatchNorm2d(4, 0.1, 0.5, false, false),
    () => new nn.BatchNorm2d(4, { eps: 0.1, momentum: 0.5, affine: false, trackRunningStats: false }),
  ],
  [
    'LayerNorm(4, 0.1, False)',
    () => new nn.LayerNorm(4, 0.1, false),
    () => new nn.LayerNorm(4, { eps: 0.1, elementwiseAffine: false }),
  ],
  [
    'MaxPool2d(3, 2, 1, 1, False, True)',
    () => new nn.MaxPool2d(3, 2, 1, 1, false, true),
    () => new nn.MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
  ],
  [
    'AvgPool2d(3, 2, 1)',
    () => new nn.AvgPool2d(3, 2, 1),
    () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }),
  ],
  ['Dropout(0.1)', () => new nn.Dropout(0.1), () => new nn.Dropout({ p: 0.1 })],
  ['LeakyReLU(0.1)', () => new nn.LeakyReLU(0.1), () => new nn.LeakyReLU({ negativeSlope: 0.1 })],
  ['GELU("tanh")', () => new nn.GELU('tanh'), () => new nn.GELU({ approximate: 'tanh' })],
  ['Flatten(0, 1)', () => new nn.Flatten(0, 1), () => new nn.Flatten({ startDim: 0, endDim: 1 })],
];

test.each(modules)('%s is the module by name', (_, inOrder, byName) => {
  expect(inOrder().toString()).toBe(byName().toString());
});

describe('optimizers and schedules', () => {
  const parameters = (): Tensor[] => new nn.Linear(2, 2).parameters();
  const any = optim as unknown as Record<string, new (...args: unknown[]) => optim.Optimizer>;
  test.each<[string, unknown[], object]>([
    [
      'SGD',
      [0.1, 0.9, 0, 0.01, true],
      { lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 0.01, nesterov: true },
    ],
    ...['Adam', 'AdamW'].map((name): [string, unknown[], object] => [
      name,
      [0.1, [0.8, 0.9], 1e-6, 0.1, true],
      { lr: 0.1, betas: [0.8, 0.9], eps: 1e-6, weightDecay: 0.1, amsgrad: true },
    ]),
    [
      'Adagrad',
      [0.1, 0.2, 0.3, 0.4, 0.5],
      { lr: 0.1, lrDecay: 0.2, weightDecay: 0.3, initialAccumulatorValue: 0.4, eps: 0.5 },
    ],
    [
      'NAdam',
      [0.1, [0.8, 0.9], 1e-6, 0.1, 0.2],
      { lr: 0.1, betas: [0.8, 0.9], eps: 1e-6, weightDecay: 0.1, momentumDecay: 0.2 },
    ],
    ['RAdam', [0.1, [0.8, 0.9], 1e-6, 0.1], { lr: 0.1, betas: [0.8, 0.9], eps: 1e-6, weightDecay: 0.1 }],
    ['Lion', [0.1, [0.8, 0.9], 0.1], { lr: 0.1, betas: [0.8, 0.9], weightDecay: 0.1 }],
    [
      'RMSprop',
      [0.1, 0.8, 1e-6, 0.1, 0.9, true],
      { lr: 0.1, alpha: 0.8, eps: 1e-6, weightDecay: 0.1, momentum: 0.9, centered: true },
    ],
  ])('%s takes its options in order', (name, inOrder, byName) => {
    const [found, wanted] = [new any[name]!(parameters(), ...inOrder), new any[name]!(parameters(), byName)];
    expect(found.stateDict().paramGroups).toEqual(wanted.stateDict().paramGroups);
  });

  test('schedules take their options in order', () => {
    const rates = (make: (optimizer: optim.Optimizer) => { step: () => void }): number[] => {
      const optimizer = new optim.SGD(parameters(), 1);
      const schedule = make(optimizer);
      return Array.from({ length: 5 }, () => {
        schedule.step();
        return optimizer.lr;
      });
    };
    const { StepLR, CosineAnnealingLR, LinearLR } = optim.lrScheduler;
    expect(rates((o) => new StepLR(o, 2, 0.5))).toEqual(rates((o) => new StepLR(o, 2, { gamma: 0.5 })));
    expect(rates((o) => new CosineAnnealingLR(o, 4, 0.5))).toEqual(
      rates((o) => new CosineAnnealingLR(o, 4, { etaMin: 0.5 })),
    );
    expect(rates((o) => new LinearLR(o, 0.1, 0.5, 3))).toEqual(
      rates((o) => new LinearLR(o, { startFactor: 0.1, endFactor: 0.5, totalIters: 3 })),
    );
  });
});

describe('errors', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a tensor of nothing',
      () => new (wgrad.Tensor as unknown as new (more: number) => Tensor)(5),
      /tensor\(data\)/,
    ],
    [
      'a misspelt option',
      () => F.conv2d(image, filter, { strides: 2 } as object),
      /unknown option 'strides'\n.*\n.*did you mean 'stride'/,
    ],
    [
      'a name in snake case',
      () => new nn.LayerNorm(3, { elementwise_affine: false } as object),
      /did you mean 'elementwiseAffine'/,
    ],
    [
      'an option in order and by name',
      () => F.dropout(x, ...([0.1, { p: 0.2 }] as unknown as [number])),
      /p is given twice/,
    ],
    [
      'one argument too many',
      () => (x as unknown as { relu: (more: number) => unknown }).relu(1),
      /relu\(x\)\n.*2 arguments; number 2 is 1/,
    ],
    [
      'a promise in place of a number',
      () => x.add(tensor(1).item() as unknown as number),
      /a Promise; await it/,
    ],
    [
      'options of a group',
      () => new optim.SGD([{ params: [], momentums: 1 } as object as { params: Tensor[] }], 0.1),
      /did you mean 'momentum'/,
    ],
    ['unbiased of var', () => x.var(1, false as unknown as object), /invalid options\n.*correction, keepdim/],
    ['two sizes that are no numbers', () => x.reshape(2, '3' as unknown as number), /integers/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(wgrad.ArgumentError);
    expect(call).toThrow(message);
  });
});
