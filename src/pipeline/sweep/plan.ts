import type { Configuration, DataConfiguration } from '../config/configuration.ts';
import { type Axis, gridTrials, type Overrides, randomTrial } from './axes.ts';
import { makeTrial, type Trial } from './trial.ts';

/** What trials are made of. */
export interface TrialParts {
  /** The configuration with some overrides; throws where it is invalid. */
  readonly configure: (overrides: Overrides) => Configuration;
  readonly dataVersion: (data: DataConfiguration) => Promise<string>;
  readonly codeVersion: string;
  /** The version of the weights that `init` names. */
  readonly weightsVersion: (init: string) => Promise<string>;
}

/** Consecutive draws without a new trial, after which the plan is complete. */
export const PATIENCE = 100;

/**
 * Makes trials of overrides, with the versions of their data, each of which is found out once.
 *
 * @throws ConfigurationError from the function that it returns, where the trial is invalid
 */
export function trialMaker(parts: TrialParts): (overrides: Overrides) => Promise<Trial> {
  const versions = new Map<string, Promise<string>>();
  return async (overrides) => {
    const configuration = parts.configure(overrides);
    const source = `${configuration.data.name} in ${configuration.data.root}`;
    const data = versions.get(source) ?? parts.dataVersion(configuration.data);
    versions.set(source, data);
    return makeTrial(overrides, configuration, {
      data: await data,
      code: parts.codeVersion,
      ...(configuration.init !== undefined && { init: await parts.weightsVersion(configuration.init) }),
    });
  };
}

/** Which trials a sweep has: all combinations, or some that are drawn. */
export interface SweepPlan {
  readonly axes: readonly Axis[];
  /** Of the random draws. */
  readonly seed: number;
  /** How many different trials to draw; undefined: all combinations. */
  readonly random?: number | undefined;
}

/**
 * The different trials of a sweep; fewer than requested where no more exist.
 *
 * @param make see `trialMaker`
 * @throws ConfigurationError for the first invalid trial
 */
export async function planTrials(
  { axes, seed, random }: SweepPlan,
  make: (overrides: Overrides) => Promise<Trial>,
): Promise<Trial[]> {
  const trials = new Map<string, Trial>();
  const add = async (overrides: Overrides): Promise<boolean> => {
    const trial = await make(overrides);
    if (trials.has(trial.id)) return false;
    trials.set(trial.id, trial);
    return true;
  };
  if (random === undefined) {
    for (const overrides of gridTrials(axes)) await add(overrides);
  } else {
    let stale = 0;
    for (let draw = 0; trials.size < random && stale < PATIENCE; draw++) {
      stale = (await add(randomTrial(axes, seed, draw))) ? 0 : stale + 1;
    }
  }
  return [...trials.values()];
}
