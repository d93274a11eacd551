import { describe, expect, it, type TestContext } from 'vitest';
import {
  ArgumentError,
  type Backend,
  capture,
  nn,
  optim,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;
type Make = (parameters: optim.OptimizerParameters<object>) => optim.Optimizer;

const makers: Record<string, { make: Make; state: string[] }> = {
  SGD: { make: (parameters) => new optim.SGD(parameters), state: [] },
  'SGD with momentum': {
    make: (parameters) => new optim.SGD(parameters, { momentum: 0.9 }),
    state: ['momentum_buffer'],
  },
  Adam: { make: (parameters) => new optim.Adam(parameters), state: ['exp_avg', 'exp_avg_sq'] },
  AdamW: { make: (parameters) => new optim.AdamW(parameters), state: ['exp_avg', 'exp_avg_sq'] },
  RMSprop: { make: (parameters) => new optim.RMSprop(parameters), state: ['square_avg'] },
  'RMSprop with all': {
    make: (parameters) => new optim.RMSprop(parameters, { momentum: 0.5, centered: true }),
    state: ['square_avg', 'momentum_buffer', 'grad_avg'],
  },
  'Adam with amsgrad': {
    make: (parameters) => new optim.Adam(parameters, { amsgrad: true }),
    state: ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'],
  },
  Adagrad: {
    make: (parameters) => new optim.Adagrad(parameters, { initialAccumulatorValue: 0.5 }),
    state: ['sum'],
  },
  NAdam: {
    make: (parameters) => new optim.NAdam(parameters),
    state: ['exp_avg', 'exp_avg_sq', 'mu_product'],
  },
  RAdam: { make: (parameters) => new optim.RAdam(parameters), state: ['exp_avg', 'exp_avg_sq'] },
  Lion: { make: (parameters) => new optim.Lion(parameters), state: ['exp_avg'] },
};

/** What plain JavaScript may assign to a group between steps. Each would write NaN, or be ignored. */
const assignments: [name: string, assign: (group: Record<string, unknown>) => void, message: RegExp][] = [
  ['lr = NaN', (group) => (group['lr'] = NaN), /invalid lr/],
  ['lr = a text', (group) => (group['lr'] = '0.1'), /invalid lr/],
  ['weightDecay = undefined', (group) => (group['weightDecay'] = undefined), /invalid weightDecay/],
  ['other params', (group) => (group['params'] = []), /other parameters were assigned/],
];

function network(device: Backend): nn.Module {
  setDefaultDevice(device);
  return new nn.Sequential(new nn.Linear(5, 4), new nn.Tanh(), new nn.Linear(4, 3));
}

/** A step on data that depends on its number alone. */
function step(model: nn.Module, optimizer: Pick<optim.Optimizer, 'step' | 'zeroGrad'>, number: number): void {
  scope(() => {
    const x = tensor(
      Float32Array.from({ length: 10 }, (_, i) => Math.sin(number + i)),
      { shape: [2, 5] },
    );
    model.forward(x).square().sum().backward();
    optimizer.step();
    optimizer.zeroGrad();
  });
}

async function bits(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(tensors)) {
    found[name] = Buffer.from((await value.data()).slice().buffer).toString('hex');
  }
  return found;
}

/** What optimizers promise, on a device. */
export function optimizerSuite(open: Open): void {
  describe.each(Object.entries(makers))('%s', (_, { make, state }) => {
    it.each(assignments)(
      'refuses a step after %s was assigned, also in a captured one',
      async (_, assign, message) => {
        const device = await open({ skip: () => undefined } as unknown as TestContext);
        const model = network(device);
        const [captured, eager] = [make(model.parameters()), make(network(device).parameters())];
        const x = tensor(new Float32Array(10).fill(1), { shape: [2, 5] });
        const train = capture(() => {
          captured.zeroGrad();
          model.forward(x).sum().backward();
          captured.step();
        });
        for (let call = 0; call < 3; call++) train();
        expect(() => (eager.paramGroups[0]!.params as Tensor[]).push(x)).toThrow(TypeError);
        for (const optimizer of [captured, eager]) {
          assign(optimizer.paramGroups[0] as unknown as Record<string, unknown>);
        }
        expect(train).toThrow(ArgumentError);
        expect(train).toThrow(message);
        expect(() => eager.step()).toThrow(message);
      },
    );

    it('goes on from a saved state to the bit', async (context) => {
      const device = await open(context);
      const model = network(device);
      const optimizer = make(model.parameters());
      for (let i = 0; i < 3; i++) step(model, optimizer, i);
      optimizer.lr = 0.003;
      const saved = optimizer.stateDict();
      expect(Object.keys(saved.tensors)).toEqual(
        state.flatMap((name) => [0, 1, 2, 3].map((index) => `${name}.${index}`)),
      );
      const copy = network(device);
      copy.loadStateDict(model.stateDict());
      const resumed = make(copy.parameters());
      resumed.loadStateDict({
        steps: [...saved.steps],
        tensors: Object.fromEntries(
          Object.entries(saved.tensors).map(([name, each]) => [name, each.clone()]),
        ),
        paramGroups: JSON.parse(JSON.stringify(saved.paramGroups)) as optim.SavedGroup[],
      });
      expect(resumed.lr).toBe(0.003);
      for (let i = 3; i < 6; i++) {
        step(model, optimizer, i);
        step(copy, resumed, i);
      }
      expect(await bits(copy.stateDict())).toEqual(await bits(model.stateDict()));
      expect(await bits(resumed.stateDict().tensors)).toEqual(await bits(optimizer.stateDict().tensors));
    });

    it('leaves an infinite parameter as it is', async (context) => {
      const device = await open(context);
      const parameter = tensor([-Infinity, 1, 2, 3, Infinity], { requiresGrad: true, device });
      const optimizer = make([parameter]);
      for (let i = 0; i < 3; i++) {
        parameter.grad = tensor([0, 1, 1, 1, 0], { device });
        optimizer.step();
      }
      const [least, one, , , most] = await parameter.data();
      expect([least, Number.isFinite(one), most]).toEqual([-Infinity, true, Infinity]);
    });

    it('takes a step in one launch a group, and creates nothing once warm', async (context) => {
      const device = await open(context);
      const model = network(device);
      const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
      const optimizer = make([{ params: [first] }, { params: rest }]);
      const onlyStep = (): number => {
        scope(() =>
          model
            .forward(tensor(new Float32Array(5).fill(1), { shape: [1, 5] }))
            .sum()
            .backward(),
        );
        const { dispatches } = device.stats();
        optimizer.step();
        const launched = device.stats().dispatches - dispatches;
        optimizer.zeroGrad();
        return launched;
      };
      for (let warmUp = 0; warmUp < 3; warmUp++) onlyStep();
      const { buffersCreated, bindGroupsCreated, pipelinesCreated, buffersAlive } = device.stats();
      expect([onlyStep(), onlyStep()]).toEqual([2, 2]);
      expect(device.stats()).toMatchObject({
        buffersCreated,
        bindGroupsCreated,
        pipelinesCreated,
        buffersAlive,
      });
    });

    it('a graph that has read its state notices a step, and that a state is loaded', async (context) => {
      const device = await open(context);
      const model = network(device);
      const optimizer = make(model.parameters());
      step(model, optimizer, 0);
      const saved = optimizer.stateDict();
      const copies = Object.fromEntries(
        Object.entries(saved.tensors).map(([name, each]) => [name, each.clone()]),
      );
      const changes = [
        () => step(model, optimizer, 1),
        () => optimizer.loadStateDict({ ...saved, tensors: copies }),
      ];
      for (const change of changes) {
        const losses = Object.values(saved.tensors).map((each) => {
          const x = zeros(each.shape, { requiresGrad: true });
          return x.mul(each).sum();
        });
        expect(losses).toHaveLength(4 * state.length);
        change();
        for (const loss of losses) expect(() => loss.backward()).toThrow(/changed/);
      }
    });

    it('refuses what is no state of its own, and is then as before', async (context) => {
      const device = await open(context);
      const model = network(device);
      const optimizer = make(model.parameters());
      const { steps, tensors, paramGroups } = optimizer.stateDict();
      const [group] = paramGroups as [optim.SavedGroup];
      const refused: optim.OptimizerState[] = [
        { steps: steps.slice(1), tensors, paramGroups: [{ ...group, lr: 9 }] },
        { steps, tensors, paramGroups: [] },
        { steps, tensors, paramGroups: [{ ...group, params: [0, 1] }] },
        { steps, tensors, paramGroups: [{ ...group, lr: -1 }] },
      ];
      if (state.length > 0) refused.push({ steps, tensors: {}, paramGroups: [{ ...group, lr: 9 }] });
      for (const each of refused) expect(() => optimizer.loadStateDict(each)).toThrow(ArgumentError);
      expect(optimizer.stateDict().paramGroups).toEqual(paramGroups);
    });
  });

  it.for<[name: 'SGD' | 'RMSprop' | 'AdamW', options: object[], state: string[]]>([
    ['AdamW', [{ amsgrad: true }, {}], ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq']],
    ['AdamW', [{}, { amsgrad: true }], ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq']],
    ['SGD', [{ momentum: 0.9 }, {}], ['momentum_buffer']],
    ['SGD', [{}, { momentum: 0.9 }], ['momentum_buffer']],
    ['RMSprop', [{ momentum: 0.9 }, { centered: true }], ['square_avg', 'momentum_buffer', 'grad_avg']],
    ['RMSprop', [{}, { momentum: 0.9, centered: true }], ['square_avg', 'momentum_buffer', 'grad_avg']],
  ])(
    '%s goes on to the bit from a state whose groups have %j, in a fresh optimizer without options',
    async ([name, options, state], context) => {
      const device = await open(context);
      const Optimizer = optim[name] as new (groups: { params: Tensor[] }[]) => optim.Optimizer;
      const groupsOf = (model: nn.Module, each: object[]): { params: Tensor[] }[] => {
        const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
        return [
          { ...each[0], params: [first] },
          { ...each[1], params: rest },
        ];
      };
      const [model, copy] = [network(device), network(device)];
      const optimizer = new Optimizer(groupsOf(model, options));
      for (let i = 0; i < 3; i++) step(model, optimizer, i);
      const saved = optimizer.stateDict();
      expect(Object.keys(saved.tensors)).toEqual(
        state.flatMap((each) => [0, 1, 2, 3].map((index) => `${each}.${index}`)),
      );
      copy.loadStateDict(model.stateDict());
      const resumed = new Optimizer(groupsOf(copy, [{}, {}]));
      resumed.loadStateDict(saved);
      for (let i = 3; i < 6; i++) {
        step(model, optimizer, i);
        step(copy, resumed, i);
      }
      expect(await bits(copy.stateDict())).toEqual(await bits(model.stateDict()));
    },
  );

  it.for(Object.entries(makers))(
    '%s: a group that is added steps like in an optimizer of its own',
    async ([, { make, state }], context) => {
      const device = await open(context);
      const [model, other] = [network(device), network(device)];
      other.loadStateDict(model.stateDict());
      const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
      const [early, ...late] = other.parameters() as [Tensor, ...Tensor[]];
      const joined = make([first]);
      const apart = [make([early])];
      for (let i = 0; i < 6; i++) {
        if (i === 3) {
          const [group, own] = [rest, late].map((params) => ({ params, lr: 0.05 })) as [object, object];
          joined.addParamGroup(group as { params: Tensor[] });
          apart.push(make([own as { params: Tensor[] }]));
        }
        step(model, joined, i);
        step(
          other,
          {
            step: () => apart.forEach((each) => each.step()),
            zeroGrad: () => late.concat(early).forEach((each) => each.zeroGrad()),
          },
          i,
        );
        if (i < 3) for (const each of rest) each.zeroGrad();
      }
      expect(joined.paramGroups.map(({ params, lr }) => [params.length, lr])).toEqual([
        [1, apart[0]!.lr],
        [3, 0.05],
      ]);
      expect(await bits(other.stateDict())).toEqual(await bits(model.stateDict()));
      const { steps, tensors, paramGroups } = joined.stateDict();
      expect(steps).toEqual([6, 3, 3, 3]);
      expect(Object.keys(tensors)).toEqual(
        state.flatMap((name) => [0, 1, 2, 3].map((index) => `${name}.${index}`)),
      );
      expect(paramGroups.map(({ params }) => params)).toEqual([[0], [1, 2, 3]]);
      const wanted = Object.fromEntries(
        apart.flatMap((each, at) =>
          Object.entries(each.stateDict().tensors).map(([key, value]) => {
            const [name, index] = key.split('.') as [string, string];
            return [`${name}.${Number(index) + at}`, value];
          }),
        ),
      );
      expect(await bits(tensors)).toEqual(await bits(wanted));
    },
  );

  it('a group that cannot be added changes nothing, and memory goes with the optimizer', async (context) => {
    const device = await open(context);
    const model = network(device);
    const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
    const optimizer = new optim.Adam([first], { lr: 0.5 });
    step(model, optimizer, 0);
    const before = optimizer.stateDict();
    const saved = await bits(before.tensors);
    const refused: unknown[] = [
      undefined,
      null,
      rest,
      {},
      { params: undefined },
      { params: rest[0] },
      { params: [first] },
      { params: [rest[0], rest[0]] },
      { params: [zeros([2], { device })] },
      { params: rest, lr: -1 },
      { params: rest, lr: NaN },
      { params: rest, betas: [0.9] },
      { params: rest, momentum: 1 },
    ];
    for (const group of refused) {
      expect(() => optimizer.addParamGroup(group as { params: Tensor[] }), JSON.stringify(group)).toThrow(
        ArgumentError,
      );
    }
    expect(optimizer.paramGroups).toHaveLength(1);
    expect(await bits(optimizer.stateDict().tensors)).toEqual(saved);
    const captured = capture(() => optimizer.addParamGroup({ params: rest }));
    captured();
    optimizer.addParamGroup({ params: [zeros([3], { device, requiresGrad: true })] });
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.5, 0.5, 0.5]);
    step(model, optimizer, 1);
    optimizer.dispose();
    expect(() => optimizer.addParamGroup({ params: rest })).toThrow(/disposed/);
  });

  it('refuses a step after its groups were replaced', async (context) => {
    const model = network(await open(context));
    const optimizer = new optim.Adam(model.parameters());
    const { paramGroups } = optimizer;
    step(model, optimizer, 0);
    for (const assigned of [[], [{ ...paramGroups[0]!, params: [] }], [undefined]]) {
      Object.assign(optimizer, { paramGroups: assigned });
      expect(() => step(model, optimizer, 1)).toThrow(/other parameters were assigned/);
    }
    Object.assign(optimizer, { paramGroups });
    optimizer.zeroGrad();
    step(model, optimizer, 1);
    expect(optimizer.stateDict().steps).toEqual([2, 2, 2, 2]);
  });

  it('refuses a group inside a captured step', async (context) => {
    const device = await open(context);
    const model = network(device);
    const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
    const optimizer = new optim.Adam([first]);
    let adding = false;
    const x = zeros([2, 5], { device });
    const train = capture(() => {
      if (adding) optimizer.addParamGroup({ params: rest });
      optimizer.zeroGrad();
      model.forward(x).sum().backward();
      optimizer.step();
    });
    train();
    adding = true;
    expect(() => train()).toThrow(/addParamGroup/);
    expect(optimizer.paramGroups).toHaveLength(1);
  });

  it('a schedule leaves groups alone that are added later', async (context) => {
    const model = network(await open(context));
    const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
    const { StepLR, LambdaLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau } = optim.lrScheduler;
    const schedules = [
      (each: optim.Optimizer) => new StepLR(each, 1, 0.5),
      (each: optim.Optimizer) => new LambdaLR(each, (epoch) => 0.5 ** epoch),
      (each: optim.Optimizer) => new CosineAnnealingLR(each, 1),
      (each: optim.Optimizer) => new OneCycleLR(each, 1, { totalSteps: 20 }),
    ];
    for (const make of schedules) {
      const optimizer = new optim.Adam([first], { lr: 0.4, betas: [0.7, 0.8] });
      const schedule = make(optimizer);
      optimizer.addParamGroup({ params: rest, lr: 0.3, betas: [0.7, 0.8] });
      const before = optimizer.lr;
      for (let epoch = 0; epoch < 3; epoch++) schedule.step();
      schedule.loadStateDict(schedule.stateDict());
      expect(optimizer.lr).not.toBe(before);
      expect(optimizer.paramGroups[1]).toMatchObject({ lr: 0.3, betas: [0.7, 0.8] });
      expect(schedule.getLastLr()).toEqual([optimizer.lr]);
    }
    const optimizer = new optim.SGD([first], { lr: 0.4 });
    const schedule = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    optimizer.addParamGroup({ params: rest, lr: 0.3 });
    for (const metric of [1, 2]) schedule.step(metric);
    schedule.loadStateDict(schedule.stateDict());
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.2, 0.3]);
    expect(schedule.getLastLr()).toEqual([0.2]);
  });

  it('names options as PyTorch does', async (context) => {
    const model = network(await open(context));
    const [first, ...rest] = model.parameters() as [Tensor, ...Tensor[]];
    const optimizer = new optim.AdamW([{ params: [first], lr: 0.1 }, { params: rest }], { weightDecay: 0.5 });
    const common = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.5, amsgrad: false, maximize: false };
    expect(optimizer.stateDict().paramGroups).toEqual([
      { lr: 0.1, ...common, params: [0] },
      { lr: 0.001, ...common, params: [1, 2, 3] },
    ]);
    expect(optimizer.lr).toBe(0.1);
    optimizer.lr = 0.2;
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.2, 0.2]);
  });

  it('takes the first rate of a schedule from a state', async (context) => {
    const parameters = network(await open(context)).parameters();
    const first = new optim.SGD(parameters, { lr: 0.5 });
    const schedule = new optim.lrScheduler.ExponentialLR(first, 0.5);
    schedule.step();
    const fresh = new optim.SGD(parameters, { lr: 3 });
    fresh.loadStateDict(first.stateDict());
    expect(fresh.paramGroups.map(({ lr, initialLr }) => [lr, initialLr])).toEqual([[0.25, 0.5]]);
    const next = new optim.lrScheduler.ExponentialLR(fresh, 0.5, { lastEpoch: schedule.lastEpoch });
    schedule.step();
    expect(next.getLastLr()).toEqual(schedule.getLastLr());
  });

  it('stays finite where the variance of centered RMSprop rounds below 0', async (context) => {
    const device = await open(context);
    const parameter = new nn.Parameter(zeros([64], { device }));
    const optimizer = new optim.RMSprop([parameter], { lr: 1e-3, alpha: 0.9, centered: true });
    const slopes = Float32Array.from({ length: 64 }, (_, at) => 0.1 + at / 7);
    for (let step = 0; step < 300; step++) {
      parameter.grad = tensor(slopes, { device });
      optimizer.step();
    }
    expect([...(await parameter.data())].every(Number.isFinite)).toBe(true);
  });

  it('centered RMSprop stands still where the square of a gradient overflows', async (context) => {
    const device = await open(context);
    const parameter = new nn.Parameter(tensor([1, 1, 1, 1, 1], { device }));
    const optimizer = new optim.RMSprop([parameter], { alpha: 0.9, centered: true });
    parameter.grad = tensor([1e25, -1e25, 1e30, 1e37, 1e21], { device });
    optimizer.step();
    expect([...(await parameter.data())]).toEqual([1, 1, 1, 1, 1]);
  });

  it('keeps its own list of betas', async (context) => {
    const betas: [number, number] = [0.9, 0.999];
    const optimizer = new optim.Adam(network(await open(context)).parameters(), { betas });
    const saved = optimizer.stateDict();
    betas[0] = 0.1;
    expect(optimizer.paramGroups[0]!.betas).toEqual([0.9, 0.999]);
    const grouped = new optim.AdamW([{ params: network(await open(context)).parameters(), betas }]);
    betas[1] = 0.2;
    expect(grouped.paramGroups[0]!.betas).toEqual([0.1, 0.999]);
    optimizer.paramGroups[0]!.betas = [0.5, 0.6];
    expect(saved.paramGroups[0]!['betas']).toEqual([0.9, 0.999]);
    optimizer.loadStateDict(saved);
    (saved.paramGroups[0]!['betas'] as number[])[0] = 0.2;
    expect(optimizer.paramGroups[0]!.betas).toEqual([0.9, 0.999]);
  });

  it('refuses options out of range, and a parameter in two groups', async (context) => {
    const parameters = network(await open(context)).parameters();
    const refused: (() => unknown)[] = [
      () => new optim.AdamW(parameters, { weightDecay: -1 }),
      () => new optim.AdamW(parameters, { betas: [0.9, 1] }),
      () => new optim.Adam([{ params: parameters, eps: -1 }]),
      () => new optim.RMSprop(parameters, { alpha: -0.1 }),
      () => new optim.RMSprop(parameters, { lr: NaN }),
      () => new optim.SGD([{ params: parameters, nesterov: true }]),
      () => new optim.Adam([{ params: parameters }, { params: parameters }]),
      () => new optim.Adam([]),
    ];
    for (const make of refused) expect(make).toThrow(ArgumentError);
  });

  it('RMSprop keeps a variance that rounds below zero from making NaN', async (context) => {
    const device = await open(context);
    const parameter = tensor([1, 2, 3], { requiresGrad: true, device });
    const optimizer = new optim.RMSprop([parameter], { centered: true, alpha: 0.5 });
    for (let i = 0; i < 60; i++) {
      scope(() => parameter.mul(0.1).sum().backward());
      optimizer.step();
      optimizer.zeroGrad();
    }
    expect(Array.from(await parameter.data()).every(Number.isFinite)).toBe(true);
  });

  it('a parameter without a gradient stays', async (context) => {
    const device = await open(context);
    const [used, unused] = [1, 2].map((value) => tensor([value], { requiresGrad: true, device })) as [
      Tensor,
      Tensor,
    ];
    const optimizer = new optim.AdamW([unused, used], { lr: 0.1 });
    scope(() => used.sum().backward());
    optimizer.step();
    expect(await unused.item()).toBe(2);
    expect(await used.item()).toBeCloseTo(0.999 - 0.1, 6);
    expect(optimizer.stateDict().steps).toEqual([0, 1]);
  });

  it('counts the steps of the parameters around one without elements and gradient', async (context) => {
    const device = await open(context);
    const all = [1, 0, 2].map((size) => zeros([size], { requiresGrad: true, device }));
    const optimizer = new optim.Adam(all);
    scope(() => all[0]!.sum().add(all[2]!.sum()).backward());
    optimizer.step();
    expect(optimizer.stateDict().steps).toEqual([1, 0, 1]);
  });
}
