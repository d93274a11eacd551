import { expect, test } from 'vitest';
import {
  ArgumentError,
  DTypeError,
  nn,
  ones,
  open,
  setDefaultDevice,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);
const { init } = nn;

test('the least sizes of layers are taken, and none below', () => {
  expect(new nn.Linear(1, 1).weight.shape).toEqual([1, 1]);
  expect(new nn.Conv2d(1, 1, 1).weight.shape).toEqual([1, 1, 1, 1]);
  expect(new nn.Conv2d(4, 6, [1, 2], { groups: 2 }).weight.shape).toEqual([6, 2, 1, 2]);
  expect(new nn.BatchNorm2d(1).weight!.shape).toEqual([1]);
  expect(new nn.AdaptiveAvgPool2d(0).forward(zeros(1, 2, 3, 3)).shape).toEqual([1, 2, 0, 0]);
  expect(new nn.Dropout(0).p).toBe(0);
  expect(new nn.Dropout(1).p).toBe(1);
  const pair = (...sizes: number[]): [number, number] => sizes as [number, number];
  const refused: Record<string, () => unknown> = {
    'Linear, nothing in': () => new nn.Linear(0, 1),
    'Linear, nothing out': () => new nn.Linear(1, 0),
    'Linear, half a feature': () => new nn.Linear(1.5, 1),
    'Conv2d, no channel': () => new nn.Conv2d(0, 1, 1),
    'Conv2d, no filter': () => new nn.Conv2d(1, 0, 1),
    'Conv2d, an empty filter': () => new nn.Conv2d(1, 1, [1, 0]),
    'Conv2d, three sides': () => new nn.Conv2d(1, 1, pair(1, 1, 1)),
    'Conv2d, one side': () => new nn.Conv2d(1, 1, pair(1)),
    'Conv2d, channels that groups do not divide': () => new nn.Conv2d(3, 4, 1, { groups: 2 }),
    'Conv2d, filters that groups do not divide': () => new nn.Conv2d(4, 3, 1, { groups: 2 }),
    'Conv2d, no group': () => new nn.Conv2d(4, 4, 1, { groups: 0 }),
    'Conv2d, no stride': () => new nn.Conv2d(1, 1, 1, { stride: 0 }),
    'Conv2d, no stride on one side': () => new nn.Conv2d(1, 1, 1, { stride: [1, 0] }),
    'Conv2d, no dilation': () => new nn.Conv2d(1, 1, 1, { dilation: 0 }),
    'Conv2d, negative padding': () => new nn.Conv2d(1, 1, 1, { padding: -1 }),
    'MaxPool2d, an empty window': () => new nn.MaxPool2d(0),
    'MaxPool2d, no stride': () => new nn.MaxPool2d(2, { stride: 0 }),
    'MaxPool2d, no dilation': () => new nn.MaxPool2d(2, { dilation: [1, 0] }),
    'MaxPool2d, negative padding': () => new nn.MaxPool2d(2, { padding: -1 }),
    'AvgPool2d, no stride': () => new nn.AvgPool2d(2, { stride: [0, 1] }),
    'AdaptiveAvgPool2d, a negative size': () => new nn.AdaptiveAvgPool2d(-1),
    'BatchNorm2d, no feature': () => new nn.BatchNorm2d(0),
    'LayerNorm, no dim': () => new nn.LayerNorm([]),
    'LayerNorm, nothing along a dim': () => new nn.LayerNorm([2, 0]),
    'Dropout, less than never': () => new nn.Dropout(-1e-9),
    'Dropout, more than always': () => new nn.Dropout(1 + 1e-9),
    'Dropout, NaN': () => new nn.Dropout(NaN),
    'ModuleDict, no name': () => new nn.ModuleDict({ '': new nn.ReLU() }),
    'ModuleDict, a dot': () => new nn.ModuleDict().set('a.b', new nn.ReLU()),
    'ModuleDict, three in a pair': () => new nn.ModuleDict([['a', new nn.ReLU(), 1] as never]),
    'ModuleDict, a pair of one': () => new nn.ModuleDict([['a'] as never]),
  };
  for (const [name, make] of Object.entries(refused)) expect(make, name).toThrow(ArgumentError);
});

test.each([[[2, 3]], [[2, 3, 4]], [[2, 3, 4, 4, 1]], [[3]]])(
  'BatchNorm2d refuses an input of shape %j',
  (shape) => {
    expect(() => new nn.BatchNorm2d(3).forward(zeros(shape))).toThrow(ShapeError);
  },
);

test('a module keeps the sizes that it was made with', () => {
  const shape = [2, 3];
  const norm = new nn.LayerNorm(shape);
  shape[1] = 9;
  expect([norm.normalizedShape, norm.extraRepr()]).toEqual([
    [2, 3],
    '(2, 3), eps=1e-05, elementwise_affine=True',
  ]);
  const layers = new nn.Sequential(new nn.ReLU()).layers as nn.Module[];
  expect(() => layers.push(new nn.Tanh())).toThrow(TypeError);
});

test('names of the language are names of a state like others', () => {
  const linear = new nn.Linear(1, 1);
  const extra = tensor([1]);
  for (const name of ['toString', 'constructor', 'hasOwnProperty']) {
    const state = { ...linear.stateDict(), [name]: extra };
    expect(() => linear.loadStateDict(state), name).toThrow(ArgumentError);
    expect(linear.loadStateDict(state, { strict: false })).toEqual({
      missingKeys: [],
      unexpectedKeys: [name],
    });
  }
  class Odd extends nn.Module {
    override readonly valueOf = tensor([1]) as never;
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  expect(() => new Odd().loadStateDict({})).toThrow(ArgumentError);
  expect(new Odd().loadStateDict({}, false)).toEqual({ missingKeys: ['value_of'], unexpectedKeys: [] });
});

test('initialisers take distributions without spread, and devices', async () => {
  expect(await init.normal([3], 2, 0).toArray()).toEqual([2, 2, 2]);
  const other = await open('cpu');
  for (const make of [init.uniform, init.normal])
    expect(make([2], 0, 1, { device: other }).device).toBe(other);
  for (const make of [
    init.kaimingUniform,
    init.kaimingNormal,
    init.xavierUniform,
    init.xavierNormal,
    init.orthogonal,
  ])
    expect(make([2, 2], { device: other }).device).toBe(other);
  expect(init.constant([2], 1, { device: other }).device).toBe(other);
});

test('orthogonal makes columns of the numbers that it draws, also of a square', async () => {
  for (const shape of [
    [2, 2],
    [3, 3],
    [3, 2],
  ]) {
    const size = shape[0]!;
    const drawn = Array.from(
      await init.normal([shape[1]! * size], { seed: 3, stream: 0, dtype: 'float64' }).data(),
    );
    const first = drawn.slice(0, size);
    const length = Math.hypot(...first);
    const made = init.orthogonal(shape, { seed: 3, stream: 0, dtype: 'float64' });
    const column = Array.from(await made.slice(null, [0, 1]).data());
    column.forEach((value, at) => expect(value).toBeCloseTo(first[at]! / length, 14));
  }
});

test('losses take a weight first, and options after it, as their functions do', async () => {
  const weight = tensor([1, 3]);
  const [input, target] = [
    tensor([
      [-1, -2],
      [-3, -5],
    ]),
    tensor([0, 1], { dtype: 'int32' }),
  ];
  const truth = tensor([
    [0, 1],
    [1, 0],
  ]);
  const { crossEntropy, nllLoss, binaryCrossEntropyWithLogits } = nn.functional;
  for (const reduction of ['mean', 'sum'] as const) {
    const pairs: [Tensor, Tensor][] = [
      [
        new nn.CrossEntropyLoss(weight, { reduction }).forward(input, target),
        crossEntropy(input, target, { weight, reduction }),
      ],
      [
        new nn.NLLLoss(weight, { reduction }).forward(input, target),
        nllLoss(input, target, { weight, reduction }),
      ],
      [
        new nn.BCEWithLogitsLoss(weight, { reduction }).forward(input, truth),
        binaryCrossEntropyWithLogits(input, truth, { weight, reduction }),
      ],
    ];
    for (const [found, wanted] of pairs) expect(await found.item()).toBe(await wanted.item());
  }
  expect(await new nn.NLLLoss(weight, { reduction: 'sum' }).forward(input, target).item()).toBe(16);
});

test('what a module lists first as a buffer stays one, whichever list that is', () => {
  class Holder extends nn.Module {
    readonly value = tensor([1]);
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  for (const lists of [(m: nn.Module) => m.stateDict(), (m: nn.Module) => m.parameters()]) {
    const holder = new Holder();
    lists(holder);
    holder.value.requiresGrad = true;
    expect([holder.parameters(), Object.keys(holder.stateDict())]).toEqual([[], ['value']]);
  }
  const unlisted = new Holder();
  unlisted.value.requiresGrad = true;
  expect(unlisted.parameters()).toEqual([unlisted.value]);
});

test('fans count the whole receptive field', () => {
  expect(init.fans([4, 3])).toEqual({ fanIn: 3, fanOut: 4 });
  expect(init.fans([4, 3, 5])).toEqual({ fanIn: 15, fanOut: 20 });
  expect(init.fans([4, 3, 5, 2])).toEqual({ fanIn: 30, fanOut: 40 });
  expect(init.fans([4, 3, 5, 2, 7])).toEqual({ fanIn: 210, fanOut: 280 });
  expect(() => init.fans([4])).toThrow(ShapeError);
});

test('many parts of one holder are all found', () => {
  const rows = Array.from({ length: 80 }, () => [[new nn.Linear(1, 1, { bias: false })]]);
  class Rows extends nn.Module {
    readonly rows = rows;
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  const names = Array.from({ length: 80 }, (_, at) => `rows.${at}.0.0.weight`);
  expect(Object.keys(new Rows().stateDict())).toEqual(names);
});

test('fields beside the modules of a ModuleDict keep their names', () => {
  class Dict extends nn.ModuleDict {
    readonly submodules: nn.Module[] = [new nn.Linear(1, 1, { bias: false })];
  }
  const dict = new Dict({ left: new nn.Linear(1, 1, { bias: false }) });
  expect(Object.keys(dict.stateDict())).toEqual(['left.weight', 'submodules.0.weight']);
});

test('pooling layers print the stride that they use', () => {
  expect(String(new nn.AvgPool2d(3))).toBe('AvgPool2d(kernel_size=3, stride=3, padding=0)');
  expect(String(new nn.AvgPool2d(3, { stride: 2, padding: 1 }))).toBe(
    'AvgPool2d(kernel_size=3, stride=2, padding=1)',
  );
  expect(String(new nn.MaxPool2d([3, 2]))).toBe(
    'MaxPool2d(kernel_size=(3, 2), stride=(3, 2), padding=0, dilation=1, ceil_mode=False)',
  );
});

test('a summary counts a tensor of several places once', () => {
  class Tied extends nn.Module {
    readonly first = new nn.Linear(2, 2);
    readonly second = new nn.Linear(2, 2);
    constructor() {
      super();
      (this.second as { weight: Tensor }).weight = this.first.weight;
    }
    override forward(x: Tensor): Tensor {
      return this.second.forward(this.first.forward(x));
    }
  }
  const { parameters, fixed, bytes } = nn.summary(new Tied(), [1, 2]);
  expect([parameters, fixed, bytes]).toEqual([8, 0, 32]);
});

test('attention refuses masks that would do something else than they say', () => {
  const attention = nn.functional.scaledDotProductAttention;
  const [one, x] = [zeros(2, 1, 4), zeros(2, 3, 4)];
  const whole = ones(3, 3).to('int32');
  const refused: Record<string, [() => unknown, new (...args: never[]) => Error, string]> = {
    'a mask of whole numbers': [() => attention(x, x, x, { attnMask: whole }), DTypeError, 'int32[3, 3]'],
    'more rows than queries': [() => attention(one, x, x, { attnMask: ones(3, 3) }), ShapeError, '[…, 1, 3]'],
    'more columns than keys': [() => attention(x, one, one, { attnMask: ones(3) }), ShapeError, '[…, 3, 1]'],
    'whole numbers': [() => attention(x.to('int32'), x, x), DTypeError, 'int32[2, 3, 4]'],
    'a negative probability': [() => attention(x, x, x, { dropoutP: -0.1 }), ArgumentError, 'dropoutP -0.1'],
    'padding as numbers': [
      () => new nn.MultiheadAttention(4, 2).forward(x, x, x, { keyPaddingMask: whole }),
      DTypeError,
      'int32[3, 3]',
    ],
  };
  for (const [name, [call, kind, message]] of Object.entries(refused)) {
    expect(call, name).toThrow(kind);
    expect(call, name).toThrow(message);
  }
  expect(attention(one, x, x, { attnMask: ones(3) }).shape).toEqual([2, 1, 4]);
  expect(attention(x, x, x, { attnMask: ones(5, 1, 1, 3) }).shape).toEqual([5, 2, 3, 4]);
});
