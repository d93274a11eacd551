import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  grad,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randn,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

interface Program {
  step: (x: Tensor) => Tensor | readonly Tensor[] | undefined;
  /** Called before each call. */
  before?: (call: number) => void;
  state?: () => readonly (Tensor | null | undefined)[];
}

const weight = (): Tensor => tensor([1, 2, 3], { requiresGrad: true });

/** A step with an optimizer on one weight. */
function trained(
  make: (w: Tensor) => optim.Optimizer,
  more: (optimizer: optim.Optimizer, w: Tensor) => Partial<Program>,
): Program {
  const w = weight();
  const optimizer = make(w);
  const step = (x: Tensor): undefined => {
    optimizer.zeroGrad();
    x.mul(w).sum().backward();
    optimizer.step();
  };
  return { step, state: () => [w], ...more(optimizer, w) };
}

const sgd = (w: Tensor): optim.SGD => new optim.SGD([w], { lr: 0.1 });

/** Programs as people write them for PyTorch, whose like has gone wrong in other libraries' recorded steps. */
const programs: [string, () => Program][] = [
  [
    'a parameter frozen for a part of the step',
    () => {
      const [v, s] = [weight(), ones([3], { requiresGrad: true })];
      const step = (x: Tensor): Tensor => {
        v.requiresGrad = false;
        const y = x.mul(v).mul(s);
        v.requiresGrad = true;
        const loss = y.add(v).sum();
        loss.backward();
        return loss;
      };
      return { step, state: () => [v.grad, s.grad] };
    },
  ],
  [
    'two adversaries in one step',
    () => {
      const [maker, critic] = [new nn.Linear(3, 3), new nn.Linear(3, 1)];
      const first = new optim.Adam(maker.parameters(), { lr: 0.1 });
      const second = new optim.SGD(critic.parameters(), { lr: 0.1 });
      const step = (x: Tensor): Tensor => {
        second.zeroGrad();
        const fake = maker.forward(rand([5, 3]));
        critic.forward(fake.detach()).sub(critic.forward(x)).mean().backward();
        second.step();
        first.zeroGrad();
        for (const each of critic.parameters()) each.requiresGrad = false;
        const loss = critic.forward(fake).mean().neg();
        loss.backward();
        first.step();
        for (const each of critic.parameters()) each.requiresGrad = true;
        return loss;
      };
      return { step, state: () => [...maker.parameters(), ...critic.parameters()] };
    },
  ],
  [
    'a gradient penalty',
    () => {
      const model = new nn.Linear(3, 1);
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
      const step = (x: Tensor): Tensor[] => {
        const input = x.clone();
        input.requiresGrad = true;
        const y = model.forward(input).tanh().sum();
        const [slope] = grad(y, [input], { createGraph: true });
        optimizer.zeroGrad();
        const loss = slope.square().sum().add(y);
        loss.backward();
        optimizer.step();
        return [loss, slope];
      };
      return { step, state: () => model.parameters() };
    },
  ],
  [
    'a schedule of every batch',
    () =>
      trained(
        (w) => new optim.SGD([w], { lr: 0.1, momentum: 0.9 }),
        (optimizer, w) => {
          const schedule = new optim.lrScheduler.OneCycleLR(optimizer, 0.5, { totalSteps: 20 });
          const step = (x: Tensor): undefined => {
            optimizer.zeroGrad();
            x.mul(w).sum().backward();
            optimizer.step();
            schedule.step();
          };
          return { step, state: () => [w, tensor([optimizer.lr])] };
        },
      ),
  ],
  [
    'gradients that are set, read and dropped',
    () => {
      const [v, w] = [weight(), weight()];
      const optimizer = new optim.SGD([v, w], { lr: 0.1 });
      const step = (x: Tensor): Tensor => {
        x.mul(w).square().sum().backward();
        const before = w.grad!.mul(2);
        w.grad = x.sum(0);
        v.grad = null;
        optimizer.step();
        return before;
      };
      return { step, state: () => [v.grad, w.grad, w] };
    },
  ],
  [
    'a handle on the last gradient',
    () => {
      let held: Tensor = zeros([3]);
      return trained(sgd, (_, w) => ({
        before: () => {
          held = w.grad?.detach() ?? held;
        },
        state: () => [held, w.grad, w],
      }));
    },
  ],
  [
    'tied layers, one of them frozen later',
    () => {
      const [tied, norm] = [new nn.Linear(3, 3), new nn.LayerNorm(3)];
      const model = new nn.Sequential(tied, norm, tied);
      const optimizer = new optim.AdamW(model.parameters(), { lr: 0.1 });
      const step = (x: Tensor): Tensor => {
        optimizer.zeroGrad();
        const loss = model.forward(x).square().mean();
        loss.backward();
        optimizer.step();
        return loss;
      };
      const before = (call: number): void => {
        if (call === 5) norm.weight!.requiresGrad = false;
      };
      return { step, before, state: () => model.parameters() };
    },
  ],
  [
    'an average of weights',
    () =>
      trained(sgd, (optimizer, w) => ({
        step: (x) => {
          optimizer.zeroGrad();
          x.mul(w).sum().backward();
          optimizer.step();
          return noGrad(() => w.mul(0.1).add(0.9));
        },
      })),
  ],
  [
    'random numbers inside and outside',
    () => ({
      step: (x) => x.add(randn([3])).mul(rand([3])),
      before: (call) => {
        if (call % 2 === 1) rand([1]);
        if (call === 6) randn([4]);
      },
    }),
  ],
  [
    'a captured step in a captured step',
    () => {
      const inner = capture((x: Tensor) => x.mul(2));
      return { step: (x) => inner(inner(x)).add(1) };
    },
  ],
  [
    'results that are one tensor, views, and the argument',
    () => ({
      step: (x) => {
        const y = x.mul(2);
        return [y, y.t(), y, x, x.slice([1, 3])];
      },
    }),
  ],
  [
    'a graph from outside',
    () => {
      const w = weight();
      let loss: Tensor;
      return {
        step: () => {
          loss.backward();
          const slope = w.grad!.clone();
          w.zeroGrad();
          return slope;
        },
        before: (call) => {
          loss = w.mul(call + 1).sum();
        },
      };
    },
  ],
  [
    'a graph from outside that is used again, and then freed',
    () => {
      const w = weight();
      const loss = w.exp().mul(w).sum();
      return {
        step: () => {
          loss.backward(undefined, { retainGraph: true });
          const slope = w.grad!.clone();
          w.zeroGrad();
          return slope;
        },
        before: (call) => {
          if (call === 6) loss.backward();
          if (call === 6) w.zeroGrad();
        },
      };
    },
  ],
  [
    'a graph whose weights the step changes',
    () => {
      let loss: Tensor;
      return trained(sgd, (_, w) => ({
        before: () => {
          loss = w.square().sum();
        },
        state: () => {
          expect(() => loss.backward()).toThrow(/changed in place/);
          return [w];
        },
      }));
    },
  ],
  [
    'an optimizer that is disposed',
    () =>
      trained(sgd, (optimizer) => ({
        before: (call) => {
          if (call === 4) optimizer.dispose();
        },
      })),
  ],
  [
    'a model that is disposed',
    () => {
      const model = new nn.Linear(3, 2);
      return {
        step: (x) => model.forward(x),
        before: (call) => {
          if (call === 4) model.dispose();
        },
      };
    },
  ],
  [
    'a step that throws once',
    () => {
      let fails = false;
      return {
        step: (x) => {
          if (fails) throw new Error('not now');
          return x.mul(2);
        },
        before: (call) => {
          fails = call === 1;
        },
      };
    },
  ],
];

const CALLS = 10;

/** What every call gives and leaves, or its error. */
async function course(make: () => Program, captured: boolean): Promise<unknown[]> {
  manualSeed(4);
  const { step, before, state } = make();
  const take = captured ? capture(step) : step;
  const found: unknown[] = [];
  for (let call = 0; call < CALLS; call++) {
    try {
      before?.(call);
      const x = rand([5, 3], { seed: 8, stream: call });
      const result = scope(() => take(x));
      const results = result instanceof Tensor ? [result] : (result ?? []);
      for (const each of [...results, ...(state?.() ?? [])])
        found.push(each ? [...(await each.data())] : null);
    } catch (error) {
      found.push(String(error));
    }
  }
  return found;
}

/** Whole programs: the captured step does the same as the step itself, bit by bit, also in its errors. */
export function captureProgramsSuite(open: (context: TestContext) => Promise<Backend>): void {
  it.for(programs)('a captured step does the same: %s', async ([, make], context) => {
    setDefaultDevice(await open(context));
    expect(await course(make, true)).toEqual(await course(make, false));
  });
}
