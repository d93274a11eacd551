import { describe, expect, test } from 'vitest';
import { cat, optim, rand, type Tensor, tensor } from '../../src/index.ts';
import { builds, expectAlike, on } from './builds.ts';

const isSubnormal = (value: number): boolean => value !== 0 && Math.abs(value) < 2 ** -126;

type Make = (parameters: Tensor[]) => optim.Optimizer;

const optimizers: Readonly<Record<string, Make>> = {
  SGD: (all) => new optim.SGD(all, { lr: 0.1 }),
  'SGD, momentum, dampening': (all) => new optim.SGD(all, { lr: 0.1, momentum: 0.9, dampening: 0.3 }),
  'SGD, Nesterov, decay': (all) =>
    new optim.SGD(all, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  Adam: (all) => new optim.Adam(all, { lr: 0.01, weightDecay: 0.1 }),
  AdamW: (all) => new optim.AdamW(all, { lr: 0.01, maximize: true }),
  'Adam, AMSGrad': (all) => new optim.Adam(all, { lr: 0.01, amsgrad: true }),
  NAdam: (all) => new optim.NAdam(all, { lr: 0.01 }),
  RAdam: (all) => new optim.RAdam(all, { lr: 0.01, betas: [0.8, 0.9] }),
  Adagrad: (all) => new optim.Adagrad(all, { lr: 0.01, lrDecay: 0.1 }),
  Lion: (all) => new optim.Lion(all, { lr: 0.01 }),
  RMSprop: (all) => new optim.RMSprop(all, { lr: 0.01 }),
  'RMSprop, centered, momentum': (all) =>
    new optim.RMSprop(all, { lr: 0.01, centered: true, momentum: 0.9, weightDecay: 0.1 }),
};

/** More elements than a task has, and a rest of each size. */
const SIZES = [1, 6, 7, 40_000];

describe.each(Object.entries(optimizers))('%s in WebAssembly', (name, make) => {
  // A centred variance is a small difference of float32 numbers.
  const tolerance = name.includes('centered') ? 5e-5 : 5e-6;

  test('steps as the plain code does', () =>
    expectAlike(() => {
      const all = SIZES.map((size) => rand([size], { requiresGrad: true }));
      const weights = SIZES.map((size) => rand([size]).sub(0.5));
      const optimizer = make(all);
      for (let step = 0; step < 8; step++) {
        optimizer.zeroGrad();
        for (const [at, each] of all.entries()) each.square().mul(weights[at]!).sum().backward();
        optimizer.step();
      }
      return cat(all.map((each) => each.detach()));
    }, tolerance));

  test('an average that decays becomes 0, and no subnormal number', async () => {
    for (const [device] of builds) {
      const states = await on(device, () => {
        const x = tensor([1, -1, 1e-3, 0, 2, 3, -4], { requiresGrad: true });
        const optimizer = make([x]);
        for (let step = 0; step < 1300; step++) {
          optimizer.zeroGrad();
          // The first gradient alone is not 0.
          const factor = step === 0 ? x.detach() : 0;
          x.mul(factor).sum().backward();
          optimizer.step();
        }
        const states = Object.values(optimizer.stateDict().tensors);
        return cat([tensor([0]), ...states.map((state) => state.reshape(-1))]);
      });
      expect(states.filter(isSubnormal)).toEqual([]);
    }
  });
});

describe('norms in WebAssembly', () => {
  const clipped = (size: number, factor: number): Tensor => {
    const x = rand([size], { requiresGrad: true });
    x.mul(rand([size]).sub(0.5).mul(factor))
      .sum()
      .backward();
    const norm = optim.clipGradNorm(x, 1);
    return cat([norm.div(factor).reshape(1), x.grad!]);
  };

  test.each([1, 7, 5001, 90_007])('of %i elements', (size) => expectAlike(() => clipped(size, 1), 5e-5));

  test('of elements whose squares overflow', () => expectAlike(() => clipped(9001, 1e32), 1e-4));
});
