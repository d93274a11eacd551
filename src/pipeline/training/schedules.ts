import { lrScheduler, type Optimizer } from '../../optim/index.ts';
import type { StatefulSchedule } from '../checkpoint/checkpoint.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Evaluation } from './evaluate.ts';

/** A learning rate schedule as a training works it. */
export interface Schedule extends StatefulSchedule {
  afterStep(): void;
  /** @param validation null where no images are held out */
  afterEpoch(validation: Evaluation | null): void;
}

/** The schedule that a configuration describes, or undefined for a constant rate; it sets the first rate at once. */
export function buildSchedule(
  { schedule, train }: Configuration,
  optimizer: Optimizer,
  stepsPerEpoch: number,
): Schedule | undefined {
  switch (schedule.name) {
    case 'none':
      return undefined;
    case 'step':
      return byEpoch(new lrScheduler.StepLR(optimizer, schedule.stepSize, schedule));
    case 'exponential':
      return byEpoch(new lrScheduler.ExponentialLR(optimizer, schedule.gamma));
    case 'cosine':
      return byEpoch(new lrScheduler.CosineAnnealingLR(optimizer, schedule.tMax ?? train.epochs, schedule));
    case 'linear':
      return byEpoch(new lrScheduler.LinearLR(optimizer, schedule));
    case 'onecycle': {
      const totalSteps = train.epochs * stepsPerEpoch;
      return byStep(
        new lrScheduler.OneCycleLR(optimizer, schedule.maxLr, { ...schedule, totalSteps }),
        totalSteps,
      );
    }
    case 'plateau': {
      const { metric } = schedule;
      const mode = metric === 'loss' ? 'min' : 'max';
      return onPlateau(new lrScheduler.ReduceLROnPlateau(optimizer, { ...schedule, mode }), metric);
    }
  }
}

type Scheduler = lrScheduler.LRScheduler | lrScheduler.ReduceLROnPlateau;

function stored(scheduler: Scheduler): Pick<Schedule, 'stateDict' | 'loadStateDict'> {
  return {
    stateDict: () => scheduler.stateDict(),
    loadStateDict: (state) => scheduler.loadStateDict(state),
  };
}

function byEpoch(scheduler: lrScheduler.LRScheduler): Schedule {
  return { afterStep: () => undefined, afterEpoch: () => scheduler.step(), ...stored(scheduler) };
}

function byStep(scheduler: lrScheduler.LRScheduler, totalSteps: number): Schedule {
  return {
    // No step follows the last, and beyond the end of the cycle the rate may fall below zero.
    afterStep: () => {
      if (scheduler.lastEpoch < totalSteps - 1) scheduler.step();
    },
    afterEpoch: () => undefined,
    ...stored(scheduler),
  };
}

function onPlateau(scheduler: lrScheduler.ReduceLROnPlateau, metric: keyof Evaluation): Schedule {
  return {
    afterStep: () => undefined,
    afterEpoch: (validation) => {
      if (validation) scheduler.step(validation[metric]);
    },
    ...stored(scheduler),
  };
}
