import { expect, test, vi } from 'vitest';
import {
  ArgumentError,
  init,
  loadSafetensors,
  nn,
  noGrad,
  ones,
  open,
  optim,
  rand,
  randn,
  saveSafetensors,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

await init('cpu');
const { Linear, Module } = nn;

/** Uses its parts one after the other. */
class Everything extends Module {
  readonly blocks: nn.Linear[] = [0, 1].map(() => new Linear(2, 2));
  readonly heads: { left: nn.Linear; right: { deep: nn.Linear[] } } = {
    left: new Linear(2, 2),
    right: { deep: [new Linear(2, 2)] },
  };
  readonly named: Map<string | number, nn.Module> = new Map<string | number, nn.Module>([
    ['drop', new nn.Dropout(0.5)],
    [7, new Linear(2, 2)],
  ]);
  readonly chosen: Set<nn.Module> = new Set([new nn.BatchNorm2d(1)]);
  readonly scales: Tensor[] = [ones([1], { requiresGrad: true }), ones([1], { requiresGrad: true })];
  readonly runningMeans: Map<string, Tensor> = new Map([['first', zeros([1])]]);
  readonly list: nn.ModuleList = new nn.ModuleList([new Linear(2, 2)]);
  readonly dict: nn.ModuleDict = new nn.ModuleDict({ modules: new Linear(2, 2) });
  readonly factors: nn.ParameterList = new nn.ParameterList([ones([1])]);
  /** Not searched: numbers, and instances of other classes. */
  readonly sizes: number[] = [1, 2];
  readonly other: { inner: nn.Module } = new (class Other {
    inner = new nn.ReLU();
  })();

  override forward(x: Tensor): Tensor {
    return x;
  }
}

const NAMES = [
  ...['scales.0', 'scales.1', 'running_means.first'],
  ...['blocks.0.weight', 'blocks.0.bias', 'blocks.1.weight', 'blocks.1.bias'],
  ...['heads.left.weight', 'heads.left.bias', 'heads.right.deep.0.weight', 'heads.right.deep.0.bias'],
  ...['named.7.weight', 'named.7.bias', 'chosen.0.weight', 'chosen.0.bias'],
  ...['chosen.0.running_mean', 'chosen.0.running_var', 'chosen.0.num_batches_tracked'],
  ...['list.0.weight', 'list.0.bias', 'dict.modules.weight', 'dict.modules.bias', 'factors.0'],
];
const BUFFERS = NAMES.filter((name) => /running|tracked/.test(name));

test('fields, arrays, maps, sets and plain objects are searched, by every method that walks', async () => {
  const model = new Everything();
  expect(Object.keys(model.stateDict())).toEqual(NAMES);
  expect(model.namedParameters().map(([name]) => name)).toEqual(
    NAMES.filter((name) => !BUFFERS.includes(name)),
  );
  expect([...model.namedModules()].map(([name]) => name)).toEqual([
    ...['', 'blocks.0', 'blocks.1', 'heads.left', 'heads.right.deep.0', 'named.drop', 'named.7', 'chosen.0'],
    ...['list', 'list.0', 'dict', 'dict.modules', 'factors'],
  ]);
  model.eval();
  expect([...model.namedModules()].filter(([, module]) => module.training)).toEqual([]);
  model.train();
  expect([...model.namedModules()].filter(([, module]) => !module.training)).toEqual([]);

  const other = new Everything();
  other.loadStateDict(model.stateDict());
  expect(await saveSafetensors(other.stateDict())).toEqual(await saveSafetensors(model.stateDict()));
  const { tensors } = loadSafetensors(await saveSafetensors(model.stateDict()));
  expect(Object.keys(tensors).sort()).toEqual([...NAMES].sort());

  const cpu = await open('cpu');
  await model.to(cpu);
  for (const value of Object.values(model.stateDict())) expect(value.device).toBe(cpu);

  const { layers } = nn.summary(other, [1, 2]);
  expect(layers.map(({ name, parameters }) => `${name} ${parameters}`)).toEqual([
    ...[
      ' 2',
      'blocks.0 6',
      'blocks.1 6',
      'heads.left 6',
      'heads.right.deep.0 6',
      'named.drop 0',
      'named.7 6',
    ],
    ...['chosen.0 2', 'list.0 6', 'dict.modules 6', 'factors 1'],
  ]);
  expect(String(nn.summary(other, [1, 2]))).toMatch(/^factors +ParameterList +1$/m);
  other.parameters().forEach((each) => each.sum().backward());
  other.zeroGrad();
  expect(other.parameters().every(({ grad }) => grad === null)).toBe(true);
});

test('shared parts and tied tensors are parameters once, and in the state dict under each name, as in PyTorch', () => {
  class Tied extends Module {
    readonly first: nn.Linear = new Linear(2, 2, { bias: false });
    readonly again: nn.Linear[] = [this.first];
    readonly weight: Tensor = this.first.weight;
    override forward = (x: Tensor): Tensor => x;
  }
  const model = new Tied();
  expect(Object.keys(model.stateDict())).toEqual(['weight', 'first.weight', 'again.0.weight']);
  expect(model.namedParameters().map(([name]) => name)).toEqual(['weight']);
  expect([...model.namedModules()].map(([name]) => name)).toEqual(['', 'first']);
});

test('lists of lists and objects with numbers as keys', () => {
  class Nested extends Module {
    readonly hidden: (nn.Module | nn.Module[])[] = [[new Linear(1, 1), new nn.Tanh()], [new Linear(1, 1)]];
    readonly relations: Record<number, { w: Tensor; b: Tensor }> = {
      7: { w: new nn.Parameter(ones([1])), b: ones([1], { requiresGrad: true }) },
    };
    override forward = (x: Tensor): Tensor => x;
  }
  expect(new Nested().namedParameters().map(([name]) => name)).toEqual([
    ...['relations.7.w', 'relations.7.b'],
    ...['hidden.0.0.weight', 'hidden.0.0.bias', 'hidden.1.0.weight', 'hidden.1.0.bias'],
  ]);
});

test('cycles end', () => {
  class Ring extends Module {
    readonly weight: Tensor = ones([1], { requiresGrad: true });
    readonly ring: unknown[] = [];
    other: Ring | undefined;
    override forward = (x: Tensor): Tensor => x;
  }
  const [first, second] = [new Ring(), new Ring()];
  first.ring.push(first.ring, first);
  [first.other, second.other] = [second, first];
  expect(Object.keys(first.stateDict())).toEqual(['weight', 'other.weight']);
  expect(first.eval().other?.training).toBe(false);
  expect(second.training).toBe(false);
  expect(String(first)).toBe('Ring(\n  (other): Ring()\n)');
});

test('two names that would be one in the state dict are refused', () => {
  class Twice extends Module {
    readonly runningMean: Tensor = zeros([1]);
    readonly running_mean: Tensor = zeros([1]);
    override forward = (x: Tensor): Tensor => x;
  }
  expect(() => new Twice().stateDict()).toThrow(/two tensors are named running_mean/);
});

test('lists and dicts take what PyTorch’s take', () => {
  const list = new nn.ModuleList<nn.Module>([new Linear(1, 1), new nn.ReLU()]);
  list.append(new nn.Tanh()).extend([new Linear(1, 2)]);
  expect([list.length, [...list].length, list[2]]).toEqual([4, 4, list[2]]);
  list[1] = new nn.Sigmoid();
  expect(list.namedChildren().map(([name, { constructor }]) => `${name} ${constructor.name}`)).toEqual([
    ...['0 Linear', '1 Sigmoid', '2 Tanh', '3 Linear'],
  ]);
  expect(String(new nn.ModuleDict({ a: new nn.ReLU() }))).toBe('ModuleDict(\n  (a): ReLU()\n)');
  const dict = new nn.ModuleDict<nn.Module>([['10', new nn.ReLU()]]).set('2', new nn.Tanh());
  expect([...dict].map(([name]) => name)).toEqual(['10', '2']);
  expect([dict.has('2'), dict.get('3')]).toEqual([true, undefined]);
  const parameters = new nn.ParameterList([ones([3]), ones([2, 4], { requiresGrad: true })]);
  expect(parameters.parameters()).toHaveLength(2);
  const frozen = new nn.Parameter(ones([2]), { requiresGrad: false });
  const held = new nn.ParameterList([frozen]);
  expect(held[0]).toBe(frozen);
  expect(held.append(frozen)[1]).toBe(frozen);
  expect(frozen.requiresGrad).toBe(false);
  expect(String(new nn.ParameterList([ones([3])]))).toBe(
    'ParameterList(  (0): Parameter containing: [torch.float32 of size 3])',
  );
  const sequential = new nn.Sequential(new Linear(1, 2), new nn.ReLU());
  expect(sequential[1]).toBe(sequential.layers[1]);
  // It would change a copy.
  expect(() => (sequential.layers as nn.Module[]).push(new nn.ReLU())).toThrow(TypeError);

  const wrong: unknown = undefined;
  const refused: (() => unknown)[] = [
    () => new nn.ModuleList([wrong] as never),
    () => new nn.ModuleDict({ a: wrong } as never),
    () => new nn.ModuleDict({ 'a.b': new nn.ReLU() }),
    () => new nn.ModuleDict(new Array(3) as never),
    () => new nn.ModuleDict([['a']] as never),
    () => new nn.Sequential(...([new nn.ReLU(), wrong] as never[])),
    () => new nn.ParameterList([wrong] as never),
    () => list.forward(),
    () => dict.forward(),
    () => parameters.forward(),
  ];
  for (const call of refused) expect(call).toThrow(ArgumentError);
});

test('a field that a subclass of Sequential adds is found', () => {
  class Wider extends nn.Sequential {
    readonly extra: nn.Linear = new Linear(1, 1, { bias: false });
  }
  expect(Object.keys(new Wider(new Linear(1, 1)).stateDict())).toEqual([
    '0.weight',
    '0.bias',
    'extra.weight',
  ]);
});

test('the result of operations in a field is refused, for training would miss it', () => {
  class Scaled extends Module {
    readonly factor: Tensor = randn([2], { requiresGrad: true }).mul(0.1);
    override forward = (x: Tensor): Tensor => x;
  }
  expect(() => new Scaled().parameters()).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: Scaled: factor is the result of operations
      takes  parameters and buffers in public fields
      got    Tensor float32[2] on cpu, requires grad
      where  new Parameter(result) makes a parameter, result.detach() a buffer; keep other results in #private fields]
  `);
});

/** A body that nobody sees, before or after the head. */
class Before extends Module {
  #body = new nn.Sequential(new Linear(2, 2), new nn.Tanh());
  readonly head: nn.Linear = new Linear(2, 1);
  get body(): nn.Sequential {
    return this.#body;
  }
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.#body.forward(x));
  }
}

class After extends Module {
  readonly head: nn.Linear = new Linear(2, 1);
  #body = new Linear(2, 2);
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.#body.forward(x));
  }
}

test('parameters() reports a module in a #private field', () => {
  const model = new Before();
  expect(() => model.parameters()).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: Before: a module that it uses is not registered; parameters() and stateDict() do not list its tensors
      takes  modules in public fields, also in arrays, Maps, ModuleLists and plain objects there
      got    Sequential(
               (0): Linear(in_features=2, out_features=2, bias=True)
               (1): Tanh()
             ) elsewhere, for example in a #private field or a closure
      where  for a module that is no part of Before: freeze its parameters and call its eval()]
  `);
  expect(() => model.stateDict()).toThrow(ArgumentError);
  for (const each of model.body.parameters()) each.requiresGrad = false;
  expect(model.parameters()).toHaveLength(2);
});

test('forward reports a module that training would miss', () => {
  const model = new After();
  expect(model.forward(rand([1, 2])).shape).toEqual([1, 1]); // nothing was asked for its parameters yet
  expect(model.parameters()).toHaveLength(2);
  expect(() => model.forward(rand([1, 2]))).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: After: a module that it uses is not registered; parameters() and stateDict() do not list its tensors
      takes  modules in public fields, also in arrays, Maps, ModuleLists and plain objects there
      got    Linear(in_features=2, out_features=2, bias=True) elsewhere, for example in a #private field or a closure
      where  for a module that is no part of After: freeze its parameters and call its eval()]
  `);
  expect(noGrad(() => model.forward(rand([1, 2]))).shape).toEqual([1, 1]);

  const outside = new Linear(2, 2);
  class Closure extends Module {
    readonly head: nn.Linear = new Linear(2, 1);
    override forward(x: Tensor): Tensor {
      return this.head.forward(outside.forward(x));
    }
  }
  const closure = new Closure();
  const optimizer = new optim.SGD(closure.parameters(), { lr: 0.1 });
  expect(() => closure.forward(rand([1, 2]))).toThrow(/not registered/);
  optimizer.dispose();
});

/** What `body` writes with console.warn. */
function warningsOf(body: () => void): unknown[] {
  const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
  body();
  const texts = warn.mock.calls.map(([text]) => text as unknown);
  warn.mockRestore();
  return texts;
}

test('an optimizer of a part of a model is no error', async () => {
  class Net extends Module {
    readonly body: nn.Linear = new Linear(2, 2);
    readonly head: nn.Linear = new Linear(2, 2);
    override forward(x: Tensor): Tensor {
      return this.head.forward(this.body.forward(x));
    }
  }
  const net = new Net();
  const optimizer = new optim.SGD(net.head.parameters(), { lr: 1 });
  const before = await net.body.weight.data();
  expect(
    warningsOf(() =>
      net
        .forward(ones([1, 2]))
        .sum()
        .backward(),
    ),
  ).toHaveLength(1);
  optimizer.step();
  expect(await net.body.weight.data()).toEqual(before);
  expect(net.body.weight.grad).not.toBeNull();
});

test('backward reports a Parameter that the optimizer misses', () => {
  class Scaled extends Module {
    readonly body: nn.Linear = new Linear(2, 2);
    #scale = new nn.Parameter(ones([2]));
    readonly shown: Tensor[] = [];
    override forward(x: Tensor): Tensor {
      return this.body.forward(x).mul(this.#scale);
    }
    show(): void {
      this.shown.push(this.#scale);
    }
  }
  const model = new Scaled();
  const step = (): void =>
    model
      .forward(rand([3, 2]))
      .sum()
      .backward();
  step(); // nothing is optimized yet
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  expect(warningsOf(step)).toEqual([
    expect.stringMatching(/^backward: float32\[2\] of a module gets a gradient, but no module has listed it/),
  ]);
  // Once is enough.
  expect(warningsOf(step)).toEqual([]);
  model.show();
  expect(model.parameters()).toHaveLength(3);
  optimizer.dispose();
});

test('backward reports a layer that the optimizer misses, however it is used', () => {
  class Functional extends Module {
    readonly head: nn.Linear = new Linear(2, 1);
    #layer = (() => new Linear(2, 2))();
    override forward(x: Tensor): Tensor {
      return this.head.forward(nn.functional.linear(x, this.#layer.weight, this.#layer.bias));
    }
  }
  const model = new Functional();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const [warning] = warningsOf(() =>
    model
      .forward(rand([3, 2]))
      .sum()
      .backward(),
  );
  expect(warning).toMatch(/float32\[2, 2\], float32\[2\] of a module/);
  optimizer.dispose();
});

test('forward reports a module that eval() does not switch', () => {
  class Dropping extends Module {
    #dropout = new nn.Dropout(0.5);
    #relu = new nn.ReLU();
    override forward(x: Tensor): Tensor {
      return this.#relu.forward(this.#dropout.forward(x));
    }
  }
  const model = new Dropping();
  model.forward(ones([2]));
  model.eval();
  expect(() => noGrad(() => model.forward(ones([2])))).toThrow(/not registered; eval\(\) does not switch it/);
});

test('a module that is used on purpose is not reported', async () => {
  class Distilled extends Module {
    #teacher = new nn.Sequential(new Linear(2, 1), new nn.Dropout(0.5)).eval();
    readonly student: nn.Linear = new Linear(2, 1);
    constructor() {
      super();
      for (const each of this.#teacher.parameters()) each.requiresGrad = false;
    }
    override forward(x: Tensor): Tensor {
      return this.student.forward(x).sub(this.#teacher.forward(x)).square();
    }
  }
  const distilled = new Distilled();
  expect(distilled.parameters()).toHaveLength(2);
  distilled
    .forward(rand([1, 2]))
    .sum()
    .backward();

  // Its parameters have an optimizer of their own.
  const encoder = new Linear(2, 2);
  const others = new optim.SGD(encoder.parameters());
  class Decoder extends Module {
    #encoder = encoder;
    readonly head: nn.Linear = new Linear(2, 1);
    override forward(x: Tensor): Tensor {
      return this.head.forward(this.#encoder.forward(x));
    }
  }
  const decoder = new Decoder();
  expect(decoder.parameters()).toHaveLength(2);
  decoder.forward(rand([1, 2]));
  others.dispose();

  // So have those of its own #private part; and one that is switched by hand belongs to whoever does so.
  class Two extends Module {
    #encoder = new Linear(2, 2);
    #other = (() => new Linear(2, 2))();
    readonly head: nn.Linear = new Linear(2, 1);
    get parts(): [nn.Linear, nn.Linear] {
      return [this.#encoder, this.#other];
    }
    override forward(x: Tensor): Tensor {
      return this.head.forward(this.#other.forward(this.#encoder.forward(x)));
    }
  }
  const two = new Two();
  expect(two.parts[0].parameters()).toHaveLength(2);
  two.parts[1].eval();
  expect(two.parameters()).toHaveLength(2);
  expect(two.forward(rand([1, 2])).shape).toEqual([1, 1]);

  // Made and replaced after the first walk; and a second model that is made before it.
  class Net extends Module {
    head: nn.Linear = new Linear(2, 2);
    #sizes = [1, 2];
    override forward(x: Tensor): Tensor {
      return this.head.forward(x).mul(this.#sizes.length);
    }
  }
  const net = new Net();
  const second = new Net();
  net.head = new Linear(2, 1);
  expect(net.parameters()).toHaveLength(2);
  net.head = new Linear(2, 3);
  expect(net.forward(rand([1, 2])).shape).toEqual([1, 3]);
  expect(
    await second
      .forward(zeros([1, 2]))
      .sum()
      .item(),
  ).not.toBeNaN();
});

test('an error in forward does not leave the module running', () => {
  class Failing extends Module {
    override forward(x: Tensor): Tensor {
      return x.matmul(tensor([[1]]));
    }
  }
  const failing = new Failing();
  failing.parameters();
  expect(() => failing.forward(zeros([1, 2]))).toThrow();
  expect(new Linear(1, 1).forward(zeros([1, 1])).requiresGrad).toBe(true);
});
