// The limits of schedules' options, their states, and what they leave in the optimizer's groups.
import { describe, expect, test } from 'vitest';
import { ArgumentError, nn, open, optim, setDefaultDevice, zeros } from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

const { lrScheduler } = optim;
const LEAST = Number.MIN_VALUE;
const [BELOW_1, ABOVE_1] = [1 - 2 ** -53, 1 + 2 ** -52];

type Schedule = optim.lrScheduler.LRScheduler | optim.lrScheduler.ReduceLROnPlateau;
type State = optim.lrScheduler.SchedulerState;

/** An optimizer with a group for each rate. */
function optimizerOf(...lrs: number[]): optim.SGD {
  return new optim.SGD(
    lrs.map((lr) => ({ params: [new nn.Parameter(zeros([1]))], lr })),
    { momentum: 0.5 },
  );
}

const ratesOf = (optimizer: optim.Optimizer): number[] => optimizer.paramGroups.map(({ lr }) => lr);

/** Every schedule, by its first number if it has one, and its options. */
const makers: Record<string, (optimizer: optim.Optimizer, options?: object, first?: number) => Schedule> = {
  StepLR: (optimizer, options = {}, first = 2) => new lrScheduler.StepLR(optimizer, first, options),
  ExponentialLR: (optimizer, options = {}, first = 0.5) =>
    new lrScheduler.ExponentialLR(optimizer, first, options),
  CosineAnnealingLR: (optimizer, options = {}, first = 5) =>
    new lrScheduler.CosineAnnealingLR(optimizer, first, options),
  LinearLR: (optimizer, options = {}) => new lrScheduler.LinearLR(optimizer, options),
  OneCycleLR: (optimizer, options = { totalSteps: 8 }, first = 1) =>
    new lrScheduler.OneCycleLR(optimizer, first, options),
  ReduceLROnPlateau: (optimizer, options = { patience: 0, cooldown: 1, factor: 0.5 }) =>
    new lrScheduler.ReduceLROnPlateau(optimizer, options),
};

function advance(schedule: Schedule): void {
  if (schedule instanceof lrScheduler.ReduceLROnPlateau) schedule.step(1);
  else schedule.step();
}

test.each<[string, takes: [options: object, first?: number][], refuses: [options: object, first?: number][]]>(
  [
    [
      'StepLR',
      [[{}, 1]],
      [
        [{}, 0],
        [{}, -1],
        [{}, 1.5],
        [{}, Infinity],
      ],
    ],
    [
      'CosineAnnealingLR',
      [
        [{}, LEAST],
        [{}, 1e9],
      ],
      [
        [{}, 0],
        [{}, -1],
      ],
    ],
    [
      'LinearLR',
      [[{ startFactor: LEAST }], [{ startFactor: 1 }], [{ endFactor: 0 }], [{ endFactor: 1 }]],
      [
        [{ startFactor: 0 }],
        [{ startFactor: ABOVE_1 }],
        [{ startFactor: -LEAST }],
        [{ endFactor: -LEAST }],
        [{ endFactor: ABOVE_1 }],
      ],
    ],
    [
      'OneCycleLR',
      [
        [{ totalSteps: 1 }],
        [{ epochs: 1, stepsPerEpoch: 1 }],
        [{ totalSteps: 3, epochs: 0.5 }],
        [{ totalSteps: 3, pctStart: 0 }],
        [{ totalSteps: 3, pctStart: 1 }],
        [{ totalSteps: 3, baseMomentum: [0.1, 0.2], maxMomentum: [0.3, 0.4] }],
      ],
      [
        [{}],
        [{ totalSteps: 0 }],
        [{ totalSteps: -1 }],
        [{ totalSteps: 1.5 }],
        [{ epochs: 3 }],
        [{ stepsPerEpoch: 3 }],
        [{ epochs: 0.5, stepsPerEpoch: 2 }],
        [{ epochs: 2, stepsPerEpoch: 1.5 }],
        [{ epochs: -2, stepsPerEpoch: -3 }],
        [{ totalSteps: 3, pctStart: -LEAST }],
        [{ totalSteps: 3, pctStart: ABOVE_1 }],
        [{ totalSteps: 3, baseMomentum: [0.1] }],
        [{ totalSteps: 3, baseMomentum: [0.1, 0.2, 0.3] }],
        [{ totalSteps: 3, maxMomentum: [0.1] }],
        [{ totalSteps: 3, maxMomentum: [0.1, 0.2, 0.3] }],
      ],
    ],
    [
      'ReduceLROnPlateau',
      [[{ factor: 0 }], [{ factor: BELOW_1 }], [{ minLr: [0, 0.1] }]],
      [
        [{ factor: 1 }],
        [{ factor: -LEAST }],
        [{ minLr: [0] }],
        [{ minLr: [0, 0, 0] }],
        [{ thresholdMode: 'no' }],
      ],
    ],
  ],
)('%s checks the limits of its options, and changes no rate where it refuses one', (name, takes, refuses) => {
  for (const [options, first] of takes) {
    expect(() => makers[name]!(optimizerOf(1, 2), options, first), JSON.stringify(options)).not.toThrow();
  }
  for (const [options, first] of refuses) {
    const optimizer = optimizerOf(1, 2);
    expect(() => makers[name]!(optimizer, options, first), JSON.stringify(options)).toThrow(ArgumentError);
    expect(ratesOf(optimizer)).toEqual([1, 2]);
  }
});

describe.each(Object.entries(makers))('%s', (_, make) => {
  /** A schedule after three steps. */
  function used(...lrs: number[]): { optimizer: optim.SGD; schedule: Schedule } {
    const optimizer = optimizerOf(...lrs);
    const schedule = make(optimizer);
    for (let step = 0; step < 3; step++) advance(schedule);
    return { optimizer, schedule };
  }

  test('refuses a state in which anything is wrong, and is then as before', () => {
    const { schedule: other } = used(3, 4);
    const { optimizer, schedule } = used(1, 2);
    advance(schedule);
    const state = other.stateDict();
    const before = [schedule.stateDict(), JSON.stringify(optimizer.paramGroups)];
    for (const [key, value] of Object.entries(state)) {
      const wrong: unknown[] = [undefined, 'text', {}, true];
      if (key !== 'best') wrong.push(null);
      if (Array.isArray(value)) wrong.push([], [1], [1, 2, 3], [1, '2'], [1, null], 1);
      else wrong.push([1]);
      for (const each of wrong) {
        const text = `${key}: ${JSON.stringify(each)}`;
        expect(() => schedule.loadStateDict({ ...state, [key]: each } as State), text).toThrow(ArgumentError);
        expect([schedule.stateDict(), JSON.stringify(optimizer.paramGroups)], text).toEqual(before);
      }
    }
    for (const each of [null, undefined, 'state', []]) {
      expect(() => schedule.loadStateDict(each as unknown as State)).toThrow(ArgumentError);
    }
  });

  test('goes on from a state in groups that began at other rates, and takes over where they began', () => {
    const { optimizer: first, schedule: saved } = used(0.3, 0.7);
    const { optimizer, schedule } = used(5, 6);
    schedule.loadStateDict(JSON.parse(JSON.stringify(saved.stateDict())) as State);
    for (let step = 0; step < 4; step++) {
      expect(ratesOf(optimizer)).toEqual(ratesOf(first));
      expect(optimizer.paramGroups.map(({ momentum }) => momentum)).toEqual(
        first.paramGroups.map(({ momentum }) => momentum),
      );
      expect(optimizer.paramGroups.map(({ initialLr }) => initialLr)).toEqual(
        first.paramGroups.map(({ initialLr }) => initialLr),
      );
      expect(schedule.stateDict()).toEqual(saved.stateDict());
      advance(schedule);
      advance(saved);
    }
  });

  test('its state and its last rates are copies', () => {
    const { optimizer, schedule } = used(1, 2);
    const state = schedule.stateDict();
    const text = JSON.stringify(state);
    schedule.getLastLr()[0] = 99;
    for (const value of Object.values(state)) if (Array.isArray(value)) (value as number[])[0] = 98;
    expect(JSON.stringify(schedule.stateDict())).toBe(text);
    const loaded = JSON.parse(text) as State;
    schedule.loadStateDict(loaded);
    for (const value of Object.values(loaded)) if (Array.isArray(value)) (value as number[])[0] = 97;
    expect(JSON.stringify(schedule.stateDict())).toBe(text);
    expect(schedule.getLastLr()).toEqual(ratesOf(optimizer));
    advance(schedule);
    expect(schedule.getLastLr()).toEqual(ratesOf(optimizer));
    expect(JSON.stringify(state)).not.toBe(JSON.stringify(schedule.stateDict()));
  });
});

test('CosineAnnealingLR goes on in closed form from any epoch, also beyond tMax', () => {
  for (let lastEpoch = 0; lastEpoch < 20; lastEpoch++) {
    const groups = [0.5, 2].map((initialLr) => ({
      params: [new nn.Parameter(zeros([1]))],
      lr: 9,
      initialLr,
    }));
    const optimizer = new optim.SGD(groups);
    new lrScheduler.CosineAnnealingLR(optimizer, 4, { etaMin: 0.25, lastEpoch }).getLastLr();
    ratesOf(optimizer).forEach((rate, index) => {
      const base = groups[index]!.initialLr;
      const wanted = 0.25 + ((base - 0.25) * (1 + Math.cos((Math.PI * (lastEpoch + 1)) / 4))) / 2;
      expect(rate, `epoch ${lastEpoch + 1}`).toBeCloseTo(wanted, 12);
    });
  }
});

test('OneCycleLR tells the groups where it began, ends after as many steps as it was told, and keeps momentum if told so', () => {
  const optimizer = optimizerOf(9, 9);
  const cycle = new lrScheduler.OneCycleLR(optimizer, [1, 2], {
    totalSteps: 3,
    divFactor: 4,
    cycleMomentum: false,
  });
  expect(optimizer.paramGroups.map(({ initialLr }) => initialLr)).toEqual([0.25, 0.5]);
  for (let step = 0; step < 3; step++) cycle.step();
  expect(() => cycle.step()).toThrow('the cycle is over');
  expect(optimizer.paramGroups.map(({ momentum }) => momentum)).toEqual([0.5, 0.5]);
});

describe('ReduceLROnPlateau', () => {
  // With a threshold of 1/4, the metrics just beyond the bar and at it, from a best value.
  test.each([
    ['min', 'rel', 4, 2.999, 3],
    ['min', 'rel', -4, -3.001, -3],
    ['min', 'abs', 4, 3.749, 3.75],
    ['min', 'abs', -4, -4.251, -4.25],
    ['max', 'rel', 4, 5.001, 5],
    ['max', 'rel', -4, -4.999, -5],
    ['max', 'abs', 4, 4.251, 4.25],
    ['max', 'abs', -4, -3.749, -3.75],
  ] as const)('%s, %s: from %d, %d is better and %d is not', (mode, thresholdMode, best, better, equal) => {
    for (const [metric, expected] of [
      [better, [better, 0]],
      [equal, [best, 1]],
    ] as const) {
      const schedule = new lrScheduler.ReduceLROnPlateau(optimizerOf(1), {
        mode,
        thresholdMode,
        threshold: 0.25,
      });
      schedule.step(best);
      schedule.step(metric);
      const { best: found, num_bad_epochs: bad } = schedule.stateDict();
      expect([found, bad]).toEqual(expected);
    }
  });

  test.each(['min', 'max'] as const)('a state from before the first step has no best value: %s', (mode) => {
    const schedule = new lrScheduler.ReduceLROnPlateau(optimizerOf(1), { mode });
    const state = schedule.stateDict();
    expect(state).toEqual({
      last_epoch: 0,
      best: null,
      num_bad_epochs: 0,
      cooldown_counter: 0,
      _last_lr: [1],
    });
    schedule.step(3);
    schedule.loadStateDict(state);
    schedule.step(mode === 'min' ? 1e9 : -1e9);
    expect(schedule.stateDict()).toMatchObject({ best: mode === 'min' ? 1e9 : -1e9, num_bad_epochs: 0 });
  });

  test.each([
    // A change as small as eps is left out, by group.
    [{ factor: 0.5, eps: 0.5 }, [1, 2], [1, 1]],
    [{ factor: 0.5, eps: 0.499 }, [1, 2], [0.5, 1]],
    [{ factor: 0.5, minLr: [0.75, 0.5] }, [1, 2], [0.75, 1]],
    [{ factor: 0.5, minLr: 3 }, [1, 4], [1, 3]],
    // The default of eps is 1e-8.
    [{}, [1.1e-8, 1.2e-8], [1.1e-8, 1.2e-9]],
    [{ factor: 0 }, [1, 2], [0, 0]],
  ])('a reduction with %o of %j gives %j', (options, before, after) => {
    const optimizer = optimizerOf(...before);
    const schedule = new lrScheduler.ReduceLROnPlateau(optimizer, { patience: 0, ...options });
    for (const metric of [1, 1]) schedule.step(metric);
    ratesOf(optimizer).forEach((rate, index) => expect(rate).toBeCloseTo(after[index]!, 20));
  });

  test('waits for more than `patience` bad epochs, and counts none while it cools down', () => {
    const optimizer = optimizerOf(1);
    const schedule = new lrScheduler.ReduceLROnPlateau(optimizer, { patience: 1, cooldown: 2, factor: 0.5 });
    const found = Array.from({ length: 9 }, () => {
      schedule.step(1);
      const { num_bad_epochs: bad, cooldown_counter: cooling } = schedule.stateDict();
      return [optimizer.lr, bad, cooling];
    });
    expect(found).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [0.5, 0, 2],
      [0.5, 0, 1],
      [0.5, 0, 0],
      [0.5, 1, 0],
      [0.25, 0, 2],
      [0.25, 0, 1],
      [0.25, 0, 0],
    ]);
  });
});
