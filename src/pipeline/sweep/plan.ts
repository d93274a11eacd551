import type { Configuration, DataConfiguration } from '../config/configuration.ts';
import { type Axis, gridTrials, type Overrides, randomTrial } from './axes.ts';
import { makeTrial, type Trial } from './trial.ts';

export interface SweepPlan {
  readonly axes: readonly Axis[];
  /** Of the random draws. */
  readonly seed: number;
  /** How many different trials to draw; undefined: all combinations. */
  readonly random?: number | undefined;
  /** The configuration with some overrides; throws where it is invalid. */
  readonly configure: (overrides: Overrides) => Configuration;
  readonly dataVersion: (data: DataConfiguration) => Promise<string>;
  readonly codeVersion: string;
  /** The version of the weights that `init` names. */
  readonly weightsVersion: (init: string) => Promise<string>;
}

/** Consecutive draws without a new trial, after which the plan is complete. */
const PATIENCE = 100;

/**
 * The different trials of a sweep; fewer than requested where no more exist.
 *
 * @throws ConfigurationError for the first invalid trial
 */
export async function planTrials(plan: SweepPlan): Promise<Trial[]> {
  const { axes, seed, random } = plan;
  const trials = new Map<string, Trial>();
  const versions = new Map<string, Promise<string>>();
  const add = async (overrides: Overrides): Promise<boolean> => {
    const configuration = plan.configure(overrides);
    const source = `${configuration.data.name} in ${configuration.data.root}`;
    const data = versions.get(source) ?? plan.dataVersion(configuration.data);
    versions.set(source, data);
    const trial = makeTrial(overrides, configuration, {
      data: await data,
      code: plan.codeVersion,
      ...(configuration.init !== undefined && { init: await plan.weightsVersion(configuration.init) }),
    });
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
