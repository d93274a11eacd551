import { expect, it, type TestContext } from 'vitest';
import {
  arange,
  autocast,
  type Backend,
  capture,
  crossEntropy,
  manualSeed,
  nn,
  noGrad,
  ones,
  open,
  optim,
  rand,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

type Step = (x: Tensor) => Tensor | undefined;

/** A step, what is changed between its calls, and the tensors that it works on. */
interface Course {
  step: Step;
  /** Each is called once, with some steps before and after it. */
  flips: ((call: (step: Step) => Step) => unknown)[];
  state?: () => readonly (Tensor | null | undefined)[];
}

interface Net {
  first: nn.Linear;
  drop: nn.Dropout;
  model: nn.Sequential;
}

function net(): Net {
  const first = new nn.Linear(3, 4);
  const drop = new nn.Dropout(0.5);
  const model = new nn.Sequential(first, new nn.Tanh(), drop, new nn.Linear(4, 2));
  return { first, drop, model };
}

/** A course that trains the network of `net`. */
function training(
  make: (parameters: Tensor[]) => optim.Optimizer,
  flips: (
    parts: Net & { optimizer: optim.Optimizer; replace: (next: optim.Optimizer) => void },
  ) => Course['flips'],
): () => Course {
  return () => {
    const parts = net();
    let optimizer = make(parts.model.parameters());
    const labels = tensor([0, 1, 0, 1, 0], { dtype: 'int32' });
    const step = (x: Tensor): Tensor => {
      optimizer.zeroGrad();
      const loss = crossEntropy(parts.model.forward(x), labels);
      loss.backward();
      optimizer.step();
      return loss;
    };
    const replace = (next: optim.Optimizer): void => {
      optimizer = next;
    };
    const tensors = Object.values(parts.model.stateDict());
    return { step, flips: flips({ ...parts, optimizer, replace }), state: () => tensors };
  };
}

const sgd = (parameters: Tensor[]): optim.SGD => new optim.SGD(parameters, { lr: 0.1 });
const adam = (parameters: Tensor[]): optim.Adam => new optim.Adam(parameters, { lr: 0.1 });
const rms = (parameters: Tensor[]): optim.RMSprop => new optim.RMSprop(parameters, { lr: 0.1 });

/** Assigns to a field that is declared readonly, as JavaScript may. */
function assign(object: object, name: string, value: unknown): void {
  (object as Record<string, unknown>)[name] = value;
}

function options(optimizer: optim.Optimizer, values: object): void {
  for (const group of optimizer.paramGroups) Object.assign(group, values);
}

class Scaled extends nn.Module {
  scale = 2;
  list: unknown[] = [1, { factor: 3 }];
  weight: Tensor = ones([3]);
  inner: nn.Module = new nn.ReLU();

  override forward(x: Tensor): Tensor {
    const [plus, { factor }] = this.list as [number, { factor: number }];
    return this.inner.forward(x.sub(0.5)).mul(this.weight).mul(this.scale).add(plus).mul(factor);
  }
}

const fields = (flips: (module: Scaled) => Course['flips']) => (): Course => {
  const module = new Scaled();
  return { step: (x) => module.forward(x), flips: flips(module) };
};

/** A leaf whose gradient a step adds to. */
const accumulating = (flips: (w: Tensor) => Course['flips']) => (): Course => {
  const w = tensor([1, 2, 3], { requiresGrad: true });
  return {
    step: (x) => {
      const loss = x.mul(w).square().sum();
      loss.backward();
      return loss;
    },
    flips: flips(w),
    state: () => [w.grad],
  };
};

/** What a recording depends on, and how it is changed. */
const courses: [string, () => Course][] = [
  [
    'requiresGrad of a layer',
    training(sgd, ({ first }) => {
      const set = (on: boolean) => () => {
        first.weight.requiresGrad = on;
        first.bias!.requiresGrad = on;
      };
      return [set(false), set(true)];
    }),
  ],
  [
    'requiresGrad of a leaf',
    accumulating((w) => [
      () => {
        w.requiresGrad = false;
        w.requiresGrad = true;
      },
    ]),
  ],
  ['a new optimizer', training(sgd, ({ model, replace }) => [() => replace(adam(model.parameters()))])],
  [
    'a new optimizer of a part',
    training(sgd, ({ first, replace }) => [() => replace(sgd(first.parameters()))]),
  ],
  [
    'a state dict loaded',
    training(sgd, ({ model }) => [
      () =>
        scope(() => {
          model.loadStateDict(
            Object.fromEntries(Object.entries(model.stateDict()).map(([name, each]) => [name, each.mul(2)])),
          );
        }),
    ]),
  ],
  [
    'the mode of the model, and of a layer',
    training(sgd, ({ model, drop }) => [() => model.eval(), () => drop.train(), () => model.train()]),
  ],
  [
    'the learning rate and the weight decay',
    training(sgd, ({ optimizer }) => [
      () => (optimizer.lr = 0.3),
      () => options(optimizer, { weightDecay: 0.5 }),
    ]),
  ],
  [
    'options of SGD',
    training(sgd, ({ optimizer }) => [
      () => options(optimizer, { momentum: 0.9 }),
      () => options(optimizer, { nesterov: true }),
      () => options(optimizer, { nesterov: false, dampening: 0.3 }),
      () => options(optimizer, { maximize: true }),
      () => options(optimizer, { momentum: 0 }),
    ]),
  ],
  [
    'options of Adam',
    training(adam, ({ optimizer }) => [
      () => options(optimizer, { betas: [0.5, 0.9] }),
      () => options(optimizer, { eps: 0.1, weightDecay: 0.2 }),
      () => options(optimizer, { maximize: true }),
      () => options(optimizer, { amsgrad: true, weightDecay: 0.1 }),
      () => options(optimizer, { amsgrad: false }),
    ]),
  ],
  [
    'options of NAdam',
    training(
      (parameters) => new optim.NAdam(parameters, { lr: 0.1 }),
      ({ optimizer }) => [
        () => options(optimizer, { betas: [0.5, 0.9], momentumDecay: 0.5 }),
        () => options(optimizer, { eps: 0.1, weightDecay: 0.2, lr: 0.01 }),
        () => options(optimizer, { maximize: true }),
      ],
    ),
  ],
  [
    'options of Adagrad',
    training(
      (parameters) => new optim.Adagrad(parameters, { lr: 0.1 }),
      ({ optimizer }) => [
        () => options(optimizer, { lrDecay: 0.5 }),
        () => options(optimizer, { eps: 0.1, weightDecay: 0.2, maximize: true }),
      ],
    ),
  ],
  [
    'options of RAdam',
    training(
      (parameters) => new optim.RAdam(parameters, { lr: 0.1 }),
      ({ optimizer }) => [
        () => options(optimizer, { betas: [0.5, 0.6] }),
        () => options(optimizer, { eps: 0.1, weightDecay: 0.2, maximize: true }),
      ],
    ),
  ],
  [
    'options of Lion',
    training(
      (parameters) => new optim.Lion(parameters, { lr: 0.1 }),
      ({ optimizer }) => [
        () => options(optimizer, { betas: [0.5, 0.6], weightDecay: 0.2 }),
        () => options(optimizer, { lr: 0.01, maximize: true }),
      ],
    ),
  ],
  [
    'a group of parameters that is added',
    training(adam, ({ optimizer }) => {
      const extra = ones([3], { requiresGrad: true });
      return [() => optimizer.addParamGroup({ params: [extra] })];
    }),
  ],
  [
    'options of RMSprop',
    training(rms, ({ optimizer }) => [
      () => options(optimizer, { centered: true }),
      () => options(optimizer, { momentum: 0.9 }),
      () => options(optimizer, { alpha: 0.5, eps: 0.1, weightDecay: 0.1 }),
    ]),
  ],
  [
    'the step counts of an optimizer',
    training(adam, ({ optimizer }) => [
      () => {
        const { steps, tensors, paramGroups } = optimizer.stateDict();
        const copies = Object.fromEntries(
          Object.entries(tensors).map(([name, each]) => [name, each.clone()]),
        );
        optimizer.loadStateDict({ steps: steps.map((_, index) => 10 * index), tensors: copies, paramGroups });
      },
    ]),
  ],
  [
    'noGrad',
    () => ({
      step: noGradient(),
      flips: [(call) => call((x) => noGrad(() => current(x))), (call) => call((x) => current(x))],
    }),
  ],
  [
    'autocast',
    () => {
      const w = rand([3, 3]);
      const half = w.device.supports('float16') ? 'float16' : 'float32';
      return {
        step: (x) => x.matmul(w),
        flips: [(call) => call((x) => autocast(half, () => current(x))), (call) => call((x) => current(x))],
      };
    },
  ],
  ['a gradient that is freed', accumulating((w) => [() => w.zeroGrad()])],
  [
    'a gradient that two calls find freed, and the third does not',
    accumulating((w) => [
      (call) => {
        let cleared = 2;
        call((x) => {
          if (cleared-- > 0) w.zeroGrad();
          return current(x);
        });
      },
    ]),
  ],
  [
    'a gradient that is set',
    accumulating((w) => [
      () => {
        w.grad = ones([3]);
      },
    ]),
  ],
  [
    'a gradient that another step has left',
    training(adam, ({ model, first }) => [
      () =>
        scope(() =>
          first
            .forward(ones([1, 3]))
            .sum()
            .backward(),
        ),
      () => {
        for (const each of model.parameters()) each.zeroGrad();
      },
    ]),
  ],
  [
    'the seed',
    () => ({
      step: (x) => x.add(rand([3])).dropout(),
      flips: [() => manualSeed(8), () => rand([2])],
    }),
  ],
  [
    'the probability of dropout',
    training(sgd, ({ drop }) => [() => assign(drop, 'p', 0.1), () => assign(drop, 'p', 0)]),
  ],
  [
    'the weight of a layer',
    training(sgd, ({ first }) => [() => assign(first, 'weight', ones([4, 3], { requiresGrad: true }))]),
  ],
  [
    'numbers in fields',
    fields((module) => [
      () => (module.scale = 3),
      () => (module.list[0] = 5),
      () => ((module.list[1] as { factor: number }).factor = 7),
      () => (module.list = [0, { factor: 1 }]),
    ]),
  ],
  ['a tensor in a field', fields((module) => [() => (module.weight = zeros([3]))])],
  ['a field that is added', fields((module) => [() => assign(module, 'forward', (x: Tensor) => x.mul(9))])],
  ['a module in a field', fields((module) => [() => (module.inner = new nn.Tanh())])],
  [
    'the layers of a chain',
    () => {
      const chain = new nn.Sequential(new nn.Linear(3, 3), new nn.ReLU());
      return { step: (x) => chain.forward(x), flips: [() => (chain[1] = new nn.Tanh())] };
    },
  ],
  [
    'options of batch norm',
    () => {
      const norm = new nn.BatchNorm2d(3);
      const step = (x: Tensor): Tensor => norm.forward(x.reshape([5, 3, 1, 1]));
      return {
        step,
        flips: [
          () => assign(norm, 'momentum', null),
          () => assign(norm, 'eps', 0.5),
          () => norm.eval(),
          () => assign(norm, 'weight', undefined),
        ],
        state: () => [norm.runningMean, norm.runningVar, norm.numBatchesTracked],
      };
    },
  ],
  [
    'the scale of a loss scaler',
    () => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      const optimizer = sgd([w]);
      const scaler = new optim.GradScaler({ initScale: 4, growthInterval: 3 });
      const step = (x: Tensor): Tensor => {
        const loss = scaler.scale(x.mul(w).square().sum());
        loss.backward();
        scaler.step(optimizer);
        scaler.update();
        optimizer.zeroGrad();
        return loss;
      };
      return {
        step,
        flips: [() => scaler.loadStateDict({ scale: 16, growthTracker: 1, skipped: 2 })],
        state: () => [w],
      };
    },
  ],
  [
    'what a loss scaler has unscaled',
    () => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      const optimizer = sgd([w]);
      const scaler = new optim.GradScaler({ initScale: 4 });
      const step = (): undefined => {
        scaler.step(optimizer);
        scaler.update();
      };
      const before = (unscaled: boolean) => (call: (step: Step) => Step) => {
        call((x) => {
          scope(() => scaler.scale(x.mul(w).sum()).backward());
          if (unscaled) scaler.unscale(optimizer);
          return current(x);
        });
      };
      return { step, flips: [before(false), before(true), before(false)], state: () => [w] };
    },
  ],
  [
    'the rate of a schedule, inside the step',
    () => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      const optimizer = sgd([w]);
      const schedule = new optim.lrScheduler.ExponentialLR(optimizer, 0.9);
      const step = (x: Tensor): undefined => {
        optimizer.zeroGrad();
        x.mul(w).square().sum().backward();
        optimizer.step();
        schedule.step();
      };
      return {
        step,
        flips: [() => schedule.step(), () => (optimizer.lr = 0.5)],
        state: () => [w, tensor([optimizer.lr, schedule.lastEpoch])],
      };
    },
  ],
  [
    'a thousand other numbers',
    () => ({
      step: (x) => x.mul(1.25),
      flips: [
        () =>
          scope(() => {
            const y = ones([1]);
            for (let number = 0; number < 1100; number++) y.mul(number + 0.123);
          }),
        () => void rand([200]),
      ],
    }),
  ],
];

let current: Step;

function noGradient(): Step {
  const w = tensor([1, 2, 3], { requiresGrad: true });
  return (x) => {
    const y = x.mul(w);
    return y.requiresGrad ? y.mul(2) : y;
  };
}

const CALLS = 4;

/** Numbers after every call, and how often the step itself ran. */
async function numbersOf(
  make: () => Course,
  captured: boolean,
): Promise<{ numbers: number[]; runs: number }> {
  manualSeed(5);
  const { step, flips, state } = make();
  let runs = 0;
  const counted: Step = (x) => {
    runs++;
    return step(x);
  };
  current = captured ? capture(counted) : counted;
  let take = current;
  const numbers: number[] = [];
  const calls = async (stream: number): Promise<void> => {
    for (let index = 0; index < CALLS; index++) {
      const x = rand([5, 3], { seed: 9, stream: stream + index });
      const result = scope(() => take(x));
      if (result) numbers.push(...(await result.data()));
      for (const each of state?.() ?? []) numbers.push(...(each ? await each.data() : [-1]));
    }
  };
  await calls(0);
  for (const [index, flip] of flips.entries()) {
    flip((wrapped) => (take = wrapped));
    await calls(10 * (index + 1));
  }
  return { numbers, runs };
}

/** Every host value on which a recording depends is changed after capture. */
export function captureGuardSuite(openDevice: (context: TestContext) => Promise<Backend>): void {
  it.for(courses)('a captured step follows %s', async ([, make], context) => {
    setDefaultDevice(await openDevice(context));
    const eager = await numbersOf(make, false);
    const captured = await numbersOf(make, true);
    expect(captured.numbers).toEqual(eager.numbers);
    expect(captured.runs).toBeLessThan(eager.runs);
  });

  it('follows a model to another device, and back', async (context) => {
    const device = await openDevice(context);
    const other = await open('cpu', { reference: true });
    const run = async (captured: boolean): Promise<number[]> => {
      setDefaultDevice(device);
      manualSeed(3);
      const model = new nn.Linear(3, 2);
      const f = (x: Tensor): Tensor => model.forward(x).add(ones([2]));
      const step = captured ? capture(f) : f;
      const numbers: number[] = [];
      for (const place of [device, other, device]) {
        await model.to(place);
        setDefaultDevice(place);
        for (let index = 0; index < 3; index++) numbers.push(...(await step(arange(3)).data()));
      }
      return numbers.map((each) => Math.fround(each));
    };
    expect(await run(true)).toEqual(await run(false));
    other.destroy();
  });

  it('refuses arguments on another device', async (context) => {
    const device = await openDevice(context);
    setDefaultDevice(device);
    const other = await open('cpu', { reference: true });
    const step = capture((x: Tensor, y: Tensor) => x.add(y));
    for (let index = 0; index < 3; index++) step(ones([2]), ones([2]));
    expect(() => step(ones([2]), ones([2], { device: other }))).toThrow(/argument is on another device/);
    other.destroy();
  });
}
