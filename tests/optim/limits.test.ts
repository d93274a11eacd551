// The values at the limits of every option, and those just beyond, wherever an option can be given.
import { describe, expect, test } from 'vitest';
import {
  ArgumentError,
  DeviceError,
  nn,
  open,
  optim,
  scope,
  setDefaultDevice,
  tensor,
  type Tensor,
  zeros,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

const LEAST = Number.MIN_VALUE;
/** The greatest float64 below 1, and the least above. */
const [BELOW_1, ABOVE_1] = [1 - 2 ** -53, 1 + 2 ** -52];

/** An option of an optimizer, with what it takes and refuses. */
interface Limits {
  option: string;
  takes: readonly unknown[];
  refuses: readonly unknown[];
  /** Options that go with it. */
  others?: object;
}

const fromZero = (option: string): Limits => ({
  option,
  takes: [0, LEAST, 1, 1e30],
  refuses: [-LEAST, -1, NaN, Infinity],
});
const nesterov = (others: object): Limits => ({ option: 'nesterov', takes: [], refuses: [true], others });
const betas: Limits = {
  option: 'betas',
  takes: [
    [0, 0],
    [BELOW_1, 0.5],
    [0.5, BELOW_1],
  ],
  refuses: [[1, 0.5], [0.5, 1], [-LEAST, 0.5], [0.5, -LEAST], [NaN, 0.5], [0.5], [0.5, 0.5, 0.5], 0.5],
};

const optimizers: Record<string, { limits: Limits[]; defaults: object }> = {
  SGD: {
    limits: [
      ...['lr', 'momentum', 'weightDecay'].map(fromZero),
      { option: 'dampening', takes: [-1, 0, 2], refuses: [NaN, Infinity, -Infinity] },
      { option: 'nesterov', takes: [true, false], refuses: [], others: { momentum: LEAST } },
      nesterov({ momentum: 0 }),
      nesterov({ momentum: 0.5, dampening: 0.1 }),
      nesterov({ momentum: 0.5, dampening: -0.1 }),
    ],
    defaults: { lr: 0.001, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
  },
  Adam: {
    limits: [...['lr', 'eps', 'weightDecay'].map(fromZero), betas],
    defaults: { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false },
  },
  AdamW: {
    limits: [...['lr', 'eps', 'weightDecay'].map(fromZero), betas],
    defaults: {
      lr: 0.001,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0.01,
      amsgrad: false,
      maximize: false,
    },
  },
  Adagrad: {
    limits: ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps'].map(fromZero),
    defaults: {
      lr: 0.01,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
    },
  },
  NAdam: {
    limits: [...['lr', 'eps', 'weightDecay', 'momentumDecay'].map(fromZero), betas],
    defaults: {
      lr: 0.002,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 0.004,
      maximize: false,
    },
  },
  RAdam: {
    limits: [...['lr', 'eps', 'weightDecay'].map(fromZero), betas],
    defaults: { lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false },
  },
  Lion: {
    limits: [...['lr', 'weightDecay'].map(fromZero), betas],
    defaults: { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false },
  },
  RMSprop: {
    limits: ['lr', 'alpha', 'eps', 'weightDecay', 'momentum'].map(fromZero),
    defaults: {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    },
  },
};

type Options = Record<string, unknown>;
type Make = new (
  parameters: readonly Tensor[] | readonly (Options & { params: readonly Tensor[] })[],
  options?: Options,
) => optim.Optimizer;

const leaves = (count: number): Tensor[] => Array.from({ length: count }, () => new nn.Parameter(zeros([2])));

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The ways in which an option reaches an optimizer. Each returns the group that has it. */
const ways: Record<string, (Optimizer: Make, options: Options) => Options> = {
  'among the options': (Optimizer, options) =>
    new Optimizer(leaves(1), options).paramGroups[0] as unknown as Options,
  'of a second group': (Optimizer, options) => {
    const groups = leaves(2).map((leaf, index) => ({ ...(index === 1 ? options : {}), params: [leaf] }));
    return new Optimizer(groups).paramGroups[1] as unknown as Options;
  },
  'assigned to a second group': (Optimizer, options) => {
    const optimizer = new Optimizer(leaves(2).map((leaf) => ({ params: [leaf] })));
    Object.assign(optimizer.paramGroups[1]!, options);
    optimizer.step();
    return optimizer.paramGroups[1] as unknown as Options;
  },
  'of a second group in a state': (Optimizer, options) => {
    const optimizer = new Optimizer(leaves(2).map((leaf) => ({ params: [leaf] })));
    const { steps, paramGroups } = optimizer.stateDict();
    const before = JSON.stringify(paramGroups);
    const saved = Object.fromEntries(Object.entries(options).map(([name, value]) => [snake(name), value]));
    // The state that momentum and centered need is zero at first.
    const tensors = Object.fromEntries(
      ['momentum_buffer', 'grad_avg', 'square_avg', 'exp_avg', 'exp_avg_sq', 'sum', 'mu_product'].flatMap(
        (name) => [0, 1].map((at) => [`${name}.${at}`, zeros(name === 'mu_product' ? [] : [2])]),
      ),
    );
    try {
      optimizer.loadStateDict({
        steps,
        tensors,
        paramGroups: [paramGroups[0]!, { ...paramGroups[1]!, ...saved }],
      });
    } catch (error) {
      expect(JSON.stringify(optimizer.stateDict().paramGroups)).toBe(before);
      throw error;
    }
    return optimizer.paramGroups[1] as unknown as Options;
  },
};

describe.each(Object.entries(optimizers))('%s', (name, { limits, defaults }) => {
  const Optimizer = optim[name as 'SGD'] as unknown as Make;

  test('has the defaults that its documentation names', () => {
    const { params, ...options } = new Optimizer(leaves(1)).paramGroups[0]!;
    expect(options).toEqual(defaults);
    expect(params).toHaveLength(1);
  });

  test.each(Object.entries(ways))('checks the limits of options %s', (way, give) => {
    for (const { option, takes, refuses, others } of limits) {
      for (const value of takes) {
        expect(give(Optimizer, { ...others, [option]: value })[option], option).toEqual(value);
      }
      for (const value of refuses) {
        // A schedule may round a rate to just below 0.
        if (way.startsWith('assigned') && option === 'lr' && (value as number) < 0) continue;
        const text = `${option} ${String(value)}`;
        expect(() => give(Optimizer, { ...others, [option]: value }), text).toThrow(ArgumentError);
      }
    }
  });

  test('lr sets the rate of all groups, or of none', () => {
    const optimizer = new Optimizer(leaves(2).map((leaf, at) => ({ params: [leaf], lr: at + 1 })));
    for (const refused of [-LEAST, NaN, Infinity, '1' as unknown as number]) {
      expect(() => (optimizer.lr = refused)).toThrow(ArgumentError);
    }
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([1, 2]);
    optimizer.lr = 0;
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0, 0]);
  });

  test('a group is fixed, and so is the list of groups; options of a group win, and false and 0 count', () => {
    const optimizer = new Optimizer(
      leaves(2).map((leaf, at) => ({ params: [leaf], ...(at === 0 ? { lr: 0, maximize: false } : {}) })),
      { lr: 5, maximize: true },
    );
    expect(optimizer.paramGroups.map(({ lr, maximize }) => [lr, maximize])).toEqual([
      [0, false],
      [5, true],
    ]);
    expect(() => (optimizer.paramGroups as unknown[]).push({})).toThrow(TypeError);
    expect(() => (optimizer.paramGroups[0]!.params as unknown[]).push({})).toThrow(TypeError);
    const other = [...optimizer.paramGroups[0]!.params];
    Object.assign(optimizer.paramGroups[0]!, { params: other });
    expect(() => optimizer.step()).toThrow('other parameters were assigned');
  });

  test('refuses a list that mixes tensors and groups, and an unknown or wrong option in any group', () => {
    const [first, second] = leaves(2) as [Tensor, Tensor];
    const refused: (() => unknown)[] = [
      () => new Optimizer([first, { params: [second] }] as never),
      () => new Optimizer([{ params: [first] }, second] as never),
      () => new Optimizer([{ params: [first] }, { params: [second], rate: 1 }]),
      () => new Optimizer([{ params: [first] }, { params: [second], lr: '1' }]),
      () => new Optimizer([{ params: [first] }, { params: [second], initialLr: '1' }]),
      () => new Optimizer([{ params: [first] }, { params: second as never }]),
      () => new Optimizer([{ params: [first] }, { params: undefined as never }]),
      () => new Optimizer([{ params: [first] }, {} as never]),
    ];
    for (const make of refused) expect(make).toThrow(ArgumentError);
  });

  test('a group may say where a schedule began', () => {
    const optimizer = new Optimizer(
      leaves(2).map((leaf, at) => ({ params: [leaf], lr: 1, ...(at === 1 ? { initialLr: 0.5 } : {}) })),
    );
    expect(optimizer.paramGroups.map(({ initialLr }) => initialLr)).toEqual([undefined, 0.5]);
    expect('initialLr' in optimizer.paramGroups[0]!).toBe(false);
    expect(optimizer.stateDict().paramGroups.map((group) => group['initial_lr'])).toEqual([undefined, 0.5]);
  });

  test('a state is a copy: neither its steps nor its groups change with the optimizer', () => {
    const optimizer = new Optimizer(leaves(2).map((leaf) => ({ params: [leaf] })));
    const state = optimizer.stateDict();
    const before = JSON.stringify([state.steps, state.paramGroups]);
    for (const { params } of optimizer.paramGroups) params[0]!.grad = tensor([1, 1]);
    optimizer.step();
    optimizer.lr = 9;
    expect(JSON.stringify([state.steps, state.paramGroups])).toBe(before);
    expect(optimizer.stateDict().steps).toEqual([1, 1]);
    state.steps[0] = 7;
    const options = JSON.stringify(optimizer.stateDict().paramGroups);
    for (const value of state.paramGroups.flatMap((group) => Object.values(group))) {
      if (Array.isArray(value)) (value as unknown[])[0] = 0.25;
    }
    expect(JSON.stringify(optimizer.stateDict().paramGroups)).toBe(options);
    expect(optimizer.stateDict().steps).toEqual([1, 1]);
  });

  test('refuses a state with another number of step counts, other shapes or a freed tensor', () => {
    const optimizer = new Optimizer(leaves(2), name === 'SGD' ? { momentum: 0.5 } : {});
    const { steps, tensors, paramGroups } = optimizer.stateDict();
    const [key] = Object.keys(tensors) as [string];
    const freed = zeros([2]);
    freed.dispose();
    const refused: optim.OptimizerState[] = [
      { steps: [1], tensors, paramGroups },
      { steps: [1, 2, 3], tensors, paramGroups },
      { steps: [1, '2' as unknown as number], tensors, paramGroups },
      { steps: [1, 2], tensors: { ...tensors, [key]: zeros([1, 2]) }, paramGroups },
      { steps: [1, 2], tensors: { ...tensors, [key]: zeros([3]) }, paramGroups },
      { steps: [1, 2], tensors: { ...tensors, [key]: tensor([1, 2], { dtype: 'int32' }) }, paramGroups },
      { steps: [1, 2], tensors: { ...tensors, [key]: freed }, paramGroups },
    ];
    for (const state of refused) expect(() => optimizer.loadStateDict(state)).toThrow();
    expect(optimizer.stateDict().steps).toEqual(steps);
  });
});

test('GradScaler has the defaults that its documentation names, and checks the limits of its options', async () => {
  const limits: [option: string, takes: number[], refuses: number[]][] = [
    ['initScale', [2 ** -100, 1], [0, -1, NaN]],
    ['growthFactor', [ABOVE_1, 16], [1, 0.5, NaN]],
    ['backoffFactor', [LEAST, BELOW_1], [0, 1, NaN]],
    ['growthInterval', [1, 10], [0, 1.5, -1, NaN]],
  ];
  for (const [option, takes, refuses] of limits) {
    for (const value of takes) expect(() => new optim.GradScaler({ [option]: value })).not.toThrow();
    for (const value of refuses) {
      expect(() => new optim.GradScaler({ [option]: value }), `${option} ${value}`).toThrow(ArgumentError);
    }
  }
  const scaler = new optim.GradScaler();
  expect(await scaler.stateDict()).toEqual({ scale: 65_536, growthTracker: 0, skipped: 0 });
  // Two good steps before the interval is over, and the one that ends it.
  scaler.loadStateDict({ scale: 2 ** 20, growthTracker: 1997, skipped: 5 });
  const found = [];
  for (let step = 0; step < 3; step++) {
    scaler.update();
    found.push(await scaler.stateDict());
  }
  expect(found).toEqual([
    { scale: 2 ** 20, growthTracker: 1998, skipped: 5 },
    { scale: 2 ** 20, growthTracker: 1999, skipped: 5 },
    { scale: 2 ** 21, growthTracker: 0, skipped: 5 },
  ]);
  const leaf = new nn.Parameter(zeros([1]));
  const optimizer = new optim.SGD([leaf], { lr: 1 });
  leaf.grad = tensor([Infinity]);
  scaler.step(optimizer);
  scaler.update();
  expect(await scaler.stateDict()).toEqual({ scale: 2 ** 20, growthTracker: 0, skipped: 6 });
  for (const key of ['scale', 'growthTracker', 'skipped']) {
    for (const value of [undefined, null, '1', NaN]) {
      const state = {
        scale: 1,
        growthTracker: 2,
        skipped: 3,
        [key]: value,
      } as unknown as optim.GradScalerState;
      expect(() => scaler.loadStateDict(state)).toThrow(ArgumentError);
    }
  }
  expect(await scaler.stateDict()).toEqual({ scale: 2 ** 20, growthTracker: 0, skipped: 6 });
});

test('GradScaler: a loss from before a state was loaded is refused, dispose frees everything, and a scope too', () => {
  const scaler = new optim.GradScaler({ device: cpu });
  scope(() => {
    const loss = scaler.scale(tensor([3], { requiresGrad: true }).sum());
    scaler.loadStateDict({ scale: 2, growthTracker: 0, skipped: 0 });
    expect(() => loss.backward()).toThrow(/changed/);
  });
  const { buffersAlive } = cpu.stats();
  scaler.dispose();
  scaler.dispose();
  expect(cpu.stats().buffersAlive).toBe(buffersAlive - 2);
  scope(() => new optim.GradScaler().update());
  expect(cpu.stats().buffersAlive).toBe(buffersAlive - 2);
});

test('clipGradNorm of gradients without elements is 0, and refuses gradients of two devices', async () => {
  const [empty, leaf] = [new nn.Parameter(zeros([0, 3])), new nn.Parameter(zeros([2]))];
  empty.grad = zeros([0, 3]);
  expect(await optim.clipGradNorm(empty, 1).item()).toBe(0);
  leaf.grad = tensor([3, 4]);
  expect(await optim.clipGradNorm([empty, leaf], 1).item()).toBe(5);
  const other = new nn.Parameter(zeros([2], { device: await open('cpu') }));
  other.grad = zeros([2], { device: other.device });
  expect(() => optim.clipGradNorm([leaf, other], 1)).toThrow(DeviceError);
});

test('clipGradNorm leaves one gradient in the place of one with strides', async () => {
  const leaf = new nn.Parameter(zeros([2, 3]));
  leaf.grad = zeros([3, 2]).add(2).t();
  const { buffersAlive } = cpu.stats();
  scope(() => void optim.clipGradNorm(leaf, Math.sqrt(6)));
  expect([...(await leaf.grad.data())].map((each) => Number(each.toFixed(5)))).toEqual([1, 1, 1, 1, 1, 1]);
  expect(cpu.stats().buffersAlive).toBe(buffersAlive);
});

test('clipGradNorm takes a norm of 0 and powers below 1, and nothing below', async () => {
  const leaf = new nn.Parameter(zeros([2]));
  leaf.grad = tensor([9, 16]);
  expect(await optim.clipGradNorm([leaf], Infinity, 0.5).item()).toBeCloseTo(49, 4);
  expect([...(await leaf.grad.data())]).toEqual([9, 16]);
  for (const [maxNorm, normType] of [
    [-LEAST, 2],
    [NaN, 2],
    [1, 0],
    [1, -1],
    [1, -Infinity],
    [1, NaN],
  ] as const) {
    expect(() => optim.clipGradNorm([leaf], maxNorm, normType)).toThrow(ArgumentError);
  }
  expect([...(await leaf.grad.data())]).toEqual([9, 16]);
  optim.clipGradNorm([leaf], 0);
  expect([...(await leaf.grad.data())]).toEqual([0, 0]);
});
