import { lrScheduler, type Optimizer } from '../../optim/index.ts';
import type { StatefulSchedule } from '../checkpoint/checkpoint.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Evaluation } from './tasks.ts';

/** A learning rate schedule, as the trainer calls it. */
export interface Schedule extends StatefulSchedule {
  afterStep(): void;
  /** @param validation null where no images are held out */
  afterEpoch(validation: Evaluation | null): void;
}

/** The schedule of a configuration; undefined for a constant rate. It sets the first rate at once. */
export function buildSchedule(
  { schedule, train }: Configuration,
  optimizer: Optimizer,
  stepsPerEpoch: number,
): Schedule | undefined {
  switch (schedule.name) {
    case 'none':
      return undefined;
    case 'step':
      return everyEpoch(new lrScheduler.StepLR(optimizer, schedule.stepSize, { gamma: schedule.gamma }));
    case 'exponential':
      return everyEpoch(new lrScheduler.ExponentialLR(optimizer, schedule.gamma));
    case 'cosine': {
      const { tMax, etaMin } = schedule;
      return everyEpoch(new lrScheduler.CosineAnnealingLR(optimizer, tMax ?? train.epochs, { etaMin }));
    }
    case 'linear': {
      const { name: _, ...options } = schedule;
      return everyEpoch(new lrScheduler.LinearLR(optimizer, options));
    }
    case 'onecycle': {
      const totalSteps = train.epochs * stepsPerEpoch;
      const { name: _, maxLr, ...options } = schedule;
      const scheduler = new lrScheduler.OneCycleLR(optimizer, maxLr, { ...options, totalSteps });
      // No step follows the last, and beyond the end of the cycle the rate may fall below zero.
      const afterStep = (): void => {
        if (scheduler.lastEpoch < totalSteps - 1) scheduler.step();
      };
      return scheduled(scheduler, { afterStep });
    }
    case 'plateau': {
      const { name: _, metric, ...options } = schedule;
      const mode = metric === 'loss' ? 'min' : 'max';
      const scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, { ...options, mode });
      const afterEpoch = (validation: Evaluation | null): void => {
        if (validation) scheduler.step(validation[metric] ?? NaN);
      };
      return scheduled(scheduler, { afterEpoch });
    }
  }
}

function everyEpoch(scheduler: lrScheduler.LRScheduler): Schedule {
  return scheduled(scheduler, { afterEpoch: () => scheduler.step() });
}

function scheduled(scheduler: StatefulSchedule, moments: Partial<Schedule>): Schedule {
  return {
    afterStep: () => undefined,
    afterEpoch: () => undefined,
    stateDict: () => scheduler.stateDict(),
    loadStateDict: (state) => scheduler.loadStateDict(state),
    ...moments,
  };
}
