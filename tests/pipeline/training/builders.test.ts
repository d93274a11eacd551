// Optimizers and schedules of configurations are the library's with the same options.
import { describe, expect, it } from 'vitest';
import { nn, open, optim, rand, setDefaultDevice } from '../../../src/index.ts';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { buildOptimizer, buildScaler } from '../../../src/pipeline/training/optimizers.ts';
import { buildSchedule } from '../../../src/pipeline/training/schedules.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);
const { lrScheduler } = optim;

function configuration(optimizer: object, schedule: object = { name: 'none' }, epochs: number = 4) {
  const model = { name: 'mlp' };
  return parseConfiguration({ name: 'x', model, optimizer, schedule, train: { epochs } });
}

const weight = () => new nn.Parameter(rand([2, 3], { seed: 1, stream: 0 }));

/** A weight after some steps with different gradients. */
async function stepped(optimizer: optim.Optimizer, parameter: nn.Parameter): Promise<number[]> {
  for (let step = 1; step <= 8; step++) {
    parameter.grad = rand([2, 3], { seed: 2, stream: step }).sub(0.5);
    optimizer.step();
  }
  return [...(await parameter.data())];
}

describe('an optimizer', () => {
  type Class = new (parameters: readonly nn.Parameter[], options: object) => optim.Optimizer;
  it.each<readonly [name: string, options: Record<string, unknown>, Class: unknown]>([
    ['adam', { lr: 0.1, betas: [0.5, 0.6], eps: 0.01, weightDecay: 0.2 }, optim.Adam],
    ['adamw', { lr: 0.1, betas: [0.5, 0.6], eps: 0.01, weightDecay: 0.2 }, optim.AdamW],
    ['sgd', { lr: 0.1, momentum: 0.5, dampening: 0.2, weightDecay: 0.3 }, optim.SGD],
    ['sgd', { lr: 0.1, momentum: 0.5, nesterov: true }, optim.SGD],
    [
      'rmsprop',
      { lr: 0.1, alpha: 0.5, eps: 0.01, weightDecay: 0.2, momentum: 0.4, centered: true },
      optim.RMSprop,
    ],
    [
      'adagrad',
      { lr: 0.1, lrDecay: 0.5, weightDecay: 0.2, initialAccumulatorValue: 0.4, eps: 0.01 },
      optim.Adagrad,
    ],
    ['nadam', { lr: 0.1, betas: [0.5, 0.6], eps: 0.01, weightDecay: 0.2, momentumDecay: 0.5 }, optim.NAdam],
    ['radam', { lr: 0.1, betas: [0.5, 0.8], eps: 0.01, weightDecay: 0.2 }, optim.RAdam],
    ['lion', { lr: 0.1, betas: [0.95, 0.5], weightDecay: 0.2 }, optim.Lion],
  ])('%s has the options %j', async (name, options, constructor) => {
    const Class = constructor as Class;
    const [built, own] = [weight(), weight()];
    const optimizer = buildOptimizer(configuration({ name, ...options }).optimizer, [built]);
    expect(optimizer).toBeInstanceOf(Class);
    const expected = await stepped(new Class([own], options), own);
    expect(await stepped(optimizer, built)).toEqual(expected);
    for (const key of Object.keys(options)) {
      if (key === 'momentum' && 'nesterov' in options) continue;
      const { [key]: _, ...others } = options;
      const other = weight();
      const without = new Class([other], others);
      expect(await stepped(without, other), `without ${key}`).not.toEqual(expected);
    }
  });

  it('is what the configuration names', () => {
    const names = ['adam', 'adamw', 'sgd', 'rmsprop', 'adagrad', 'nadam', 'radam', 'lion'];
    expect(
      names.map((name) => buildOptimizer(configuration({ name }).optimizer, [weight()]).constructor.name),
    ).toEqual(['Adam', 'AdamW', 'SGD', 'RMSprop', 'Adagrad', 'NAdam', 'RAdam', 'Lion']);
  });
});

describe('a schedule', () => {
  type Rates = readonly (readonly [lr: number, momentum: unknown])[];
  const groupOf = (optimizer: optim.Optimizer): Rates[number] => {
    const [group] = optimizer.stateDict().paramGroups;
    return [Number(group!['lr']), group!['momentum']];
  };
  /** Rates and momenta of five epochs of two steps, as `move` moves them. */
  function rates(optimizer: optim.Optimizer, move: (epoch: number, isLast: boolean) => void): Rates {
    const found = [groupOf(optimizer)];
    for (let epoch = 1; epoch <= 4; epoch++) {
      for (const isLast of [false, true]) {
        move(epoch, isLast);
        found.push(groupOf(optimizer));
      }
    }
    return found;
  }
  const sgd = () => new optim.SGD([weight()], { lr: 0.1, momentum: 0.9 });
  /** Worse, better by little, worse, much better. */
  const validations = [
    { loss: 1, accuracy: 0.5 },
    { loss: 0.99, accuracy: 0.51 },
    { loss: 2, accuracy: 0.4 },
    { loss: 0.1, accuracy: 0.9 },
  ];
  const built = (schedule: object): Rates => {
    const optimizer = sgd();
    const made = buildSchedule(configuration({ name: 'sgd' }, schedule), optimizer, 2)!;
    return rates(optimizer, (epoch, isLast) => {
      made.afterStep();
      if (isLast) made.afterEpoch(validations[epoch - 1]!);
    });
  };
  /** The library's own schedule, moved by `move` with the number of the epoch. */
  function expected<S extends object>(
    make: (optimizer: optim.Optimizer) => S,
    move: (schedule: S, epoch: number) => void,
    every: 'epoch' | 'step' = 'epoch',
    most = Infinity,
  ): Rates {
    const optimizer = sgd();
    const schedule = make(optimizer);
    let taken = 0;
    return rates(optimizer, (epoch, isLast) => {
      if ((every === 'step' || isLast) && ++taken <= most) move(schedule, epoch);
    });
  }

  it('none is undefined', () => {
    expect(buildSchedule(configuration({ name: 'sgd' }), sgd(), 2)).toBeUndefined();
  });

  it.each<[object, (optimizer: optim.Optimizer) => optim.lrScheduler.LRScheduler]>([
    [{ name: 'step', stepSize: 2, gamma: 0.3 }, (of) => new lrScheduler.StepLR(of, 2, { gamma: 0.3 })],
    [{ name: 'exponential', gamma: 0.3 }, (of) => new lrScheduler.ExponentialLR(of, 0.3)],
    [{ name: 'cosine' }, (of) => new lrScheduler.CosineAnnealingLR(of, 4)],
    [
      { name: 'cosine', tMax: 3, etaMin: 0.02 },
      (of) => new lrScheduler.CosineAnnealingLR(of, 3, { etaMin: 0.02 }),
    ],
    [
      { name: 'linear', startFactor: 0.5, endFactor: 0.25, totalIters: 3 },
      (of) => new lrScheduler.LinearLR(of, { startFactor: 0.5, endFactor: 0.25, totalIters: 3 }),
    ],
  ])('%j moves after every epoch', (schedule, make) => {
    expect(built(schedule)).toEqual(expected(make, (own) => own.step()));
    expect(new Set(built(schedule).map(([lr]) => lr)).size).toBeGreaterThan(1);
  });

  const cycle = {
    pctStart: 0.4,
    annealStrategy: 'linear',
    baseMomentum: 0.7,
    maxMomentum: 0.8,
    divFactor: 5,
    finalDivFactor: 6,
    threePhase: true,
  } as const;
  it.each([{}, cycle, { ...cycle, cycleMomentum: false }])(
    'onecycle with %j moves after every step, to its end',
    (options) => {
      const make = (of: optim.Optimizer) =>
        new lrScheduler.OneCycleLR(of, 0.5, { ...options, totalSteps: 8 });
      expect(built({ name: 'onecycle', maxLr: 0.5, ...options })).toEqual(
        expected(make, (own) => own.step(), 'step', 7),
      );
    },
  );

  it.each([
    ['loss', 'min', { factor: 0.5, patience: 0 }],
    ['accuracy', 'max', { factor: 0.5, patience: 0, threshold: 0.05, thresholdMode: 'abs' }],
    ['loss', 'min', { factor: 0.5, patience: 0, threshold: 0.1, cooldown: 1, minLr: 0.04 }],
    ['loss', 'min', { factor: 0.5, patience: 0, threshold: 0.1, eps: 0.06 }],
    ['loss', 'min', { factor: 0.5, patience: 1, threshold: 0.1 }],
  ] as const)('plateau of the %s with %s and %j follows the validation', (metric, mode, options) => {
    const make = (of: optim.Optimizer) => new lrScheduler.ReduceLROnPlateau(of, { ...options, mode });
    const found = built({ name: 'plateau', metric, ...options });
    expect(found).toEqual(expected(make, (own, epoch) => own.step(validations[epoch - 1]![metric])));
  });

  it('plateau stays without validation, and its state goes on elsewhere', () => {
    const optimizer = sgd();
    const own = configuration({ name: 'sgd' }, { name: 'plateau', patience: 0, factor: 0.5 });
    const schedule = buildSchedule(own, optimizer, 2)!;
    schedule.afterEpoch(null);
    schedule.afterEpoch({ loss: 1, accuracy: 0 });
    expect(optimizer.lr).toBe(0.1);
    const other = buildSchedule(own, optimizer, 2)!;
    other.loadStateDict(schedule.stateDict());
    other.afterEpoch({ loss: 1, accuracy: 0 });
    expect(optimizer.lr).toBe(0.05);
  });
});

it('the loss is scaled for float16 alone, where the device has it', () => {
  const { train } = configuration({ name: 'sgd' });
  expect(buildScaler(train, cpu)).toBeUndefined();
  expect(buildScaler({ ...train, precision: 'float16' }, cpu)).toBeInstanceOf(optim.GradScaler);
  const device = { ...cpu, description: 'old', supports: () => false };
  expect(() => buildScaler({ ...train, precision: 'float16' }, device)).toThrow(/old does not have it/);
});
