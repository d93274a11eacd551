import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  autocast,
  capture,
  crossEntropy,
  defaultDevice,
  manualSeed,
  nn,
  noGrad,
  optim,
  rand,
  randint,
  scope,
  setDefaultDevice,
  Tensor,
} from '../../src/index.ts';

const CALLS = 24;

/** A small generator of its own, so that the changes do not depend on the library's random numbers. */
function choices(seed: number): (count: number) => number {
  let state = seed * 2654435761 + 1;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** A model, an optimizer, and the changes that a program may make between two calls of its step. */
function program(choose: (count: number) => number): {
  step: (x: Tensor, labels: Tensor) => Tensor;
  /** Runs `body` in the present mode. */
  within: (body: () => Tensor) => Tensor;
  change: () => void;
  numbers: () => Promise<number[]>;
} {
  const norm = new nn.BatchNorm2d(2);
  const drop = new nn.Dropout(0.3);
  const [first, last] = [new nn.Linear(8, 6), new nn.Linear(6, 3)];
  const model = new nn.Sequential(norm, new nn.Flatten(), first, new nn.Tanh(), drop, last);
  const clipped = choose(2) === 0;
  const zeroed = choose(3);
  const makers: ((parameters: Tensor[]) => optim.Optimizer)[] = [
    (parameters) => new optim.SGD(parameters, { lr: 0.1, momentum: choose(2) * 0.5 }),
    (parameters) => new optim.Adam(parameters, { lr: 0.05 }),
    (parameters) => new optim.RMSprop(parameters, { lr: 0.01, centered: choose(2) === 0 }),
  ];
  const make = (parameters: Tensor[]): optim.Optimizer => makers[choose(makers.length)]!(parameters);
  let optimizer = make(model.parameters());
  const schedule = choose(2) === 0 ? undefined : new optim.lrScheduler.StepLR(optimizer, 5, { gamma: 0.8 });
  let mode = 0;
  const half = defaultDevice().supports('float16') ? 'float16' : 'float32';
  const forward = (x: Tensor, labels: Tensor): Tensor => crossEntropy(model.forward(x), labels);
  const step = (x: Tensor, labels: Tensor): Tensor => {
    if (zeroed === 0) optimizer.zeroGrad();
    const loss = forward(x, labels);
    if (loss.requiresGrad) {
      loss.backward();
      if (clipped) optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      schedule?.step();
    }
    if (zeroed === 1) optimizer.zeroGrad();
    return loss;
  };
  const changes: (() => void)[] = [
    () => model.train(),
    () => model.eval(),
    () => drop.train(choose(2) === 0),
    () => Object.assign(drop, { p: choose(4) / 4 }),
    () => norm.train(choose(2) === 0),
    () => (first.weight.requiresGrad = choose(2) === 0),
    () => {
      for (const each of last.parameters()) each.requiresGrad = choose(2) === 0;
    },
    () => {
      for (const each of model.parameters()) each.requiresGrad = true;
    },
    () => (optimizer = make(model.parameters())),
    () => (optimizer = make(last.parameters())),
    () => (optimizer.lr = (1 + choose(9)) / 50),
    () => {
      for (const group of optimizer.paramGroups)
        Object.assign(group, { maximize: choose(2) === 0, weightDecay: choose(3) / 10 });
    },
    () => schedule?.step(),
    () => model.zeroGrad(),
    () => {
      first.weight.grad = null;
    },
    () => {
      if (last.bias!.requiresGrad) last.bias!.grad = rand([3]);
    },
    () => manualSeed(choose(100)),
    () => void rand([2]),
    () => (mode = choose(3)),
    () =>
      scope(() => {
        const x = rand([2, 2, 2, 2]);
        const loss = forward(x, randint(0, 3, [2]));
        if (loss.requiresGrad) loss.backward();
      }),
    () =>
      scope(() => {
        const { steps, tensors, paramGroups } = optimizer.stateDict();
        const copies = Object.fromEntries(
          Object.entries(tensors).map(([name, each]) => [name, each.clone()]),
        );
        optimizer.loadStateDict({
          steps: steps.map((count) => count + choose(2)),
          tensors: copies,
          paramGroups,
        });
      }),
    () =>
      scope(() => {
        model.loadStateDict(
          Object.fromEntries(Object.entries(model.stateDict()).map(([name, each]) => [name, each.clone()])),
        );
      }),
  ];
  return {
    step,
    within: (body) => [body, () => noGrad(body), () => autocast(half, body)][mode]!(),
    change: () => {
      changes[choose(changes.length)]!();
    },
    numbers: async () => {
      const numbers: number[] = [optimizer.lr];
      for (const each of Object.values(model.stateDict())) {
        numbers.push(...(await each.data()), ...(each.grad ? await each.grad.data() : [0.5]));
      }
      return numbers;
    },
  };
}

async function course(seed: number, captured: boolean): Promise<{ numbers: number[][]; runs: number }> {
  manualSeed(seed);
  const choose = choices(seed);
  const { step, within, change, numbers } = program(choose);
  let runs = 0;
  const counted: typeof step = (x, labels) => {
    runs++;
    return step(x, labels);
  };
  const take = captured ? capture(counted) : counted;
  const found: number[][] = [];
  const rare = 2 + choose(4);
  for (let call = 0; call < CALLS; call++) {
    if (choose(rare) === 0) change();
    const size = choose(8) === 0 ? 2 : 3;
    const x = rand([size, 2, 2, 2], { seed, stream: call });
    const labels = randint(0, 3, [size], { seed, stream: call });
    const loss = scope(() => within(() => take(x, labels)));
    found.push([...(await loss.data()), ...(await numbers())]);
  }
  return { numbers: found, runs };
}

/**
 * Random programs: a model and an optimizer whose step is captured, and between its calls random changes of all that a
 * recording rests on.
 */
export function captureRandomSuite(seeds: number, open: (context: TestContext) => Promise<Backend>): void {
  const numbered = Array.from({ length: seeds }, (_, seed) => seed);
  it.for(numbered)('a captured program does the same as without capture, seed %i', async (seed, context) => {
    setDefaultDevice(await open(context));
    const eager = await course(seed, false);
    const captured = await course(seed, true);
    for (const [call, numbers] of eager.numbers.entries()) {
      expect([call, captured.numbers[call]]).toEqual([call, numbers]);
    }
    expect(captured.runs).toBeLessThan(eager.runs);
  });
}
