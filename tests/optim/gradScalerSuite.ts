import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  manualSeed,
  nn,
  optim,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

const optimizers: Record<string, (parameters: Tensor[]) => optim.Optimizer> = {
  SGD: (parameters) => new optim.SGD(parameters, { lr: 0.1, momentum: 0.9, dampening: 0.5 }),
  'SGD by Nesterov, with decay': (parameters) =>
    new optim.SGD(parameters, { lr: 0.1, momentum: 0.5, nesterov: true, weightDecay: 0.1 }),
  Adam: (parameters) => new optim.Adam(parameters, { lr: 0.1 }),
  'Adam without memory': (parameters) => new optim.Adam(parameters, { lr: 0.1, betas: [0, 0] }),
  'Adam that forgets fast': (parameters) =>
    new optim.Adam(parameters, { lr: 0.1, betas: [0.1, 0.3], eps: 0.01, weightDecay: 0.1, maximize: true }),
  AdamW: (parameters) => new optim.AdamW(parameters, { lr: 0.1 }),
  'Adam with amsgrad': (parameters) =>
    new optim.Adam(parameters, { lr: 0.1, amsgrad: true, betas: [0.5, 0.6], weightDecay: 0.1 }),
  Adagrad: (parameters) => new optim.Adagrad(parameters, { lr: 0.1, lrDecay: 0.5, weightDecay: 0.1 }),
  NAdam: (parameters) => new optim.NAdam(parameters, { lr: 0.1, momentumDecay: 0.5 }),
  RAdam: (parameters) => new optim.RAdam(parameters, { lr: 0.1, betas: [0.5, 0.8], eps: 0.01 }),
  'RAdam with the usual betas': (parameters) => new optim.RAdam(parameters, { lr: 0.01 }),
  Lion: (parameters) => new optim.Lion(parameters, { lr: 0.1, weightDecay: 0.1 }),
  RMSprop: (parameters) => new optim.RMSprop(parameters, { lr: 0.1 }),
  'RMSprop with all': (parameters) =>
    new optim.RMSprop(parameters, { lr: 0.01, alpha: 0.5, momentum: 0.25, centered: true, eps: 0.1 }),
};

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

/** What GradScaler promises, on a device. */
export function gradScalerSuite(open: Open): void {
  for (const [name, make] of Object.entries(optimizers)) {
    it(`${name}: a parameter may come after steps that were left out`, async (context) => {
      const device = await open(context);
      setDefaultDevice(device);
      const [early, late] = [1, 2].map((value) => tensor([value], { requiresGrad: true }));
      const optimizer = make([early!, late!]);
      const scaler = new optim.GradScaler({ initScale: 4 });
      for (const factor of [1, Infinity, NaN, NaN, 1, 1, 1, 1, 1, 1]) {
        optimizer.zeroGrad();
        const loss = early!.mul(factor).sum();
        const all = scaler.scale(optimizer.stateDict().steps[0]! < 4 ? loss : loss.add(late!.sum()));
        all.backward();
        scaler.step(optimizer);
        scaler.update();
      }
      const change = (await late!.item()) - 2;
      expect(Math.sign(change)).toBe(Math.sign((await early!.item()) - 1));
      expect(Math.abs(change)).toBeLessThan(4);
    });

    it(`${name}: steps left out leave no trace, and all others are as without a scaler`, async (context) => {
      const device = await open(context);
      setDefaultDevice(device);
      const scaled = tensor([1, -2, 3, 4, 5], { requiresGrad: true });
      const plain = tensor([1, -2, 3, 4, 5], { requiresGrad: true });
      const [first, second] = [make([scaled]), make([plain])];
      const scaler = new optim.GradScaler({ initScale: 1024, growthInterval: 3 });
      const scales: number[] = [];
      for (const factor of [Infinity, NaN, 1, 0.5, Infinity, 2, 3, 4, -1]) {
        const slope = tensor([1, 1, 1, 1, factor]);
        scope(() => scaler.scale(scaled.mul(slope).sum()).backward());
        scaler.step(first);
        scaler.update();
        first.zeroGrad();
        if (Number.isFinite(factor)) {
          scope(() => plain.mul(slope).sum().backward());
          second.step();
          second.zeroGrad();
        }
        scales.push(await scaler.getScale());
        const [found, expected] = [await values(scaled), await values(plain)];
        found.forEach((value, at) => expect(Math.abs(value - expected[at]!)).toBeLessThan(2e-6));
      }
      expect(scales).toEqual([512, 256, 256, 256, 128, 128, 128, 256, 256]);
      expect(await scaler.stateDict()).toEqual({ scale: 256, growthTracker: 1, skipped: 3 });
      const other = new optim.GradScaler();
      other.loadStateDict(await scaler.stateDict());
      expect(await other.stateDict()).toEqual(await scaler.stateDict());
    });
  }

  it('the gradients of all groups are unscaled, and one that is infinite skips the step for all', async (context) => {
    const device = await open(context);
    setDefaultDevice(device);
    const [a, b] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
    const optimizer = new optim.SGD([{ params: [a] }, { params: [b], lr: 2 }], { lr: 1 });
    const scaler = new optim.GradScaler({ initScale: 8 });
    scope(() => scaler.scale(a.mul(2).add(b.mul(3)).sum()).backward());
    scaler.unscale(optimizer);
    expect([await values(a.grad!), await values(b.grad!)]).toEqual([[2], [3]]);
    scaler.step(optimizer);
    scaler.update();
    expect([await values(a), await values(b)]).toEqual([[-1], [-5]]);
    optimizer.zeroGrad();
    scope(() => scaler.scale(a.mul(2).add(b.mul(Infinity)).sum()).backward());
    scaler.step(optimizer);
    scaler.update();
    expect([await values(a), await values(b)]).toEqual([[-1], [-5]]);
  });

  it('unscaled gradients can be clipped, and a second unscale is refused', async (context) => {
    const device = await open(context);
    setDefaultDevice(device);
    const x = tensor([3, 4], { requiresGrad: true });
    const optimizer = new optim.SGD([x], { lr: 1 });
    const scaler = new optim.GradScaler();
    scope(() => scaler.scale(x.square().sum().mul(0.5)).backward());
    scaler.unscale(optimizer);
    expect(await optim.clipGradNorm(x, 1).item()).toBeCloseTo(5, 5);
    expect(() => scaler.unscale(optimizer)).toThrow(/already unscaled/);
    scaler.step(optimizer);
    expect(() => scaler.step(optimizer)).toThrow(/update\(\) was not called after the last step/);
    expect(() => scaler.unscale(optimizer)).toThrow(/already unscaled[^]*a call after step/);
    scaler.update();
    const [a, b] = await values(x);
    expect([a, b].map((each) => Number(each!.toFixed(4)))).toEqual([2.4, 3.2]);
  });

  it('replayed steps scale as steps that are run', async (context) => {
    const device = await open(context);
    setDefaultDevice(device);
    const results = [];
    for (const captured of [false, true]) {
      manualSeed(3);
      const model = new nn.Linear(4, 3);
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
      const scaler = new optim.GradScaler({ initScale: 2 ** 105, growthInterval: 4 });
      const step = (images: Tensor): void => {
        scope(() => scaler.scale(model.forward(images).square().sum()).backward());
        scaler.step(optimizer);
        scaler.update();
        optimizer.zeroGrad();
      };
      const take = captured && device.record ? capture(step, { device }) : step;
      const images = tensor([[1e4, -1, 2, 3]], {});
      for (let at = 0; at < 12; at++) take(images);
      const { scale, growthTracker, skipped } = await scaler.stateDict();
      results.push({ scale, growthTracker, skipped, weights: await values(model.weight) });
      expect(skipped).toBeGreaterThan(0);
      expect(skipped).toBeLessThan(12);
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('refuses options out of range', async (context) => {
    setDefaultDevice(await open(context));
    expect(() => new optim.GradScaler({ backoffFactor: 1 })).toThrow(/backoffFactor < 1[^]*backoffFactor 1/);
  });
}
