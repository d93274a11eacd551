import { expect, test } from 'vitest';
import { ArgumentError, open, optim, scope, setDefaultDevice, tensor } from '../../src/index.ts';
import {
  advance,
  off,
  optimizerOf,
  present,
  type Scheduler,
  scheduleFixtures,
  schedulesOf,
} from './scheduleFixtures.ts';

const { lrScheduler } = optim;

setDefaultDevice(await open('cpu'));

test.each(scheduleFixtures)('$name gives the rates and momenta of PyTorch', (fixture) => {
  const optimizer = optimizerOf(fixture);
  const schedules = schedulesOf(fixture, optimizer);
  fixture.rates.forEach((rates, step) => {
    const found = present(optimizer);
    expect(off(found.rates, rates), `rates of step ${step}`).toBeLessThan(1e-12);
    expect(off(found.momenta, fixture.momenta[step]!), `momenta of step ${step}`).toBeLessThan(1e-12);
    expect(schedules.at(-1)!.getLastLr()).toEqual(found.rates);
    if (step < fixture.rates.length - 1) advance(schedules, fixture.metrics[step]);
  });
});

test.each(scheduleFixtures)('$name goes on from a saved state to the bit, at every step', (fixture) => {
  const optimizer = optimizerOf(fixture);
  const schedules = schedulesOf(fixture, optimizer);
  for (let step = 0; step < 30; step++) {
    const states = JSON.parse(JSON.stringify(schedules.map((each) => each.stateDict()))) as ReturnType<
      Scheduler['stateDict']
    >[];
    const resumedOptimizer = optimizerOf(fixture);
    const resumed = schedulesOf(fixture, resumedOptimizer);
    resumed.forEach((each, index) => each.loadStateDict(states[index]!));
    resumedOptimizer.paramGroups.forEach((group, index) => {
      // As loading the optimizer's own state does.
      group.lr = optimizer.paramGroups[index]!.lr;
    });
    expect(present(resumedOptimizer)).toEqual(present(optimizer));
    advance(resumed, fixture.metrics[step]);
    advance(schedules, fixture.metrics[step]);
    expect(present(resumedOptimizer)).toEqual(present(optimizer));
    expect(resumed.map((each) => each.stateDict())).toEqual(schedules.map((each) => each.stateDict()));
  }
});

test('a schedule alone sets the rates of its saved state', () => {
  const [from, to] = [0, 1].map(() => optimizerOf({ optimizer: 'Adam', lrs: [0.1] }));
  const saved = new lrScheduler.ExponentialLR(from!, 0.5);
  saved.step();
  new lrScheduler.ExponentialLR(to!, 0.5).loadStateDict(saved.stateDict());
  expect(to!.lr).toBe(0.05);
});

test('lastEpoch goes on from groups that know where they started', () => {
  const optimizer = optimizerOf({ optimizer: 'Adam', lrs: [0.1] });
  expect(() => new lrScheduler.CosineAnnealingLR(optimizer, 10, { lastEpoch: 3 })).toThrow(
    'initialLr is missing',
  );
  const whole = new lrScheduler.CosineAnnealingLR(optimizer, 10);
  for (let step = 0; step < 5; step++) whole.step();
  const wanted = optimizer.lr;
  new lrScheduler.CosineAnnealingLR(optimizer, 10, { lastEpoch: 4 });
  expect(optimizer.lr).toBeCloseTo(wanted, 12);
});

test('a NaN metric is no progress', () => {
  const optimizer = optimizerOf({ optimizer: 'Adam', lrs: [0.1] });
  const schedule = new lrScheduler.ReduceLROnPlateau(optimizer, { patience: 1 });
  for (const metric of [NaN, NaN]) schedule.step(metric);
  expect(optimizer.lr).toBeCloseTo(0.01, 12);
});

test('the optimizer takes its step with the rate that the schedule set', async () => {
  const parameter = tensor([1], { requiresGrad: true });
  const optimizer = new optim.SGD([parameter], { lr: 0.5 });
  const schedule = new lrScheduler.StepLR(optimizer, 1, { gamma: 0.5 });
  for (let step = 0; step < 2; step++) {
    scope(() => parameter.sum().backward());
    optimizer.step();
    optimizer.zeroGrad();
    schedule.step();
  }
  expect(await parameter.item()).toBe(1 - 0.5 - 0.25);
});

test('options out of range, and states of others, are refused', () => {
  const optimizer = optimizerOf({ optimizer: 'SGD', lrs: [0.1, 0.2] });
  const refused: (() => unknown)[] = [
    () => new lrScheduler.StepLR(optimizer, 0),
    () => new lrScheduler.StepLR(optimizer, 1.5),
    () => new lrScheduler.CosineAnnealingLR(optimizer, 0),
    () => new lrScheduler.LinearLR(optimizer, { startFactor: 0 }),
    () => new lrScheduler.LinearLR(optimizer, { endFactor: 1.1 }),
    () => new lrScheduler.OneCycleLR(optimizer, 0.1),
    () => new lrScheduler.OneCycleLR(optimizer, 0.1, { epochs: 3 }),
    () => new lrScheduler.OneCycleLR(optimizer, [0.1], { totalSteps: 5 }),
    () => new lrScheduler.OneCycleLR(optimizer, 0.1, { totalSteps: 5, pctStart: 1.1 }),
    () => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 }),
    () => new lrScheduler.ReduceLROnPlateau(optimizer, { minLr: [0] }),
    () => new lrScheduler.ReduceLROnPlateau(optimizer, { mode: 'up' as 'max' }),
  ];
  for (const make of refused) expect(make).toThrow(ArgumentError);
  expect(present(optimizer).rates).toEqual([0.1, 0.2]);
  const schedule = new lrScheduler.StepLR(optimizer, 2);
  const state = schedule.stateDict();
  expect(() => schedule.loadStateDict({ ...state, _last_lr: [0.1] })).toThrow(ArgumentError);
  expect(() => schedule.loadStateDict({ ...state, last_epoch: null })).toThrow(ArgumentError);
  const plateau = new lrScheduler.ReduceLROnPlateau(optimizer);
  expect(() => plateau.loadStateDict(state)).toThrow(ArgumentError);
  const cycle = new lrScheduler.OneCycleLR(optimizer, 0.1, { totalSteps: 1 });
  cycle.step();
  expect(() => cycle.step()).toThrow('the cycle is over');
});

test.each([
  [{ totalSteps: 4, pctStart: 0.25 }, [1, 0.750025, 0.250075, 0.0001]],
  [{ totalSteps: 1 }, [1e-4]],
])('a cycle without a rise starts at the greatest rate: %o', (options, expected) => {
  const optimizer = optimizerOf({ optimizer: 'SGD', lrs: [0.1] });
  const cycle = new lrScheduler.OneCycleLR(optimizer, 1, { divFactor: 1, annealStrategy: 'cos', ...options });
  const rates = expected.map((_, step) => {
    if (step > 0) cycle.step();
    return optimizer.lr;
  });
  expect(rates.map((rate) => Number(rate.toFixed(12)))).toEqual(
    expected.map((rate) => Number(rate.toFixed(12))),
  );
});
