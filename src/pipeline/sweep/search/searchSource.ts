import type { BestOptions } from '../../training/best.ts';
import { ConfigurationError } from '../../config/error.ts';
import { type Axis, type Overrides, variedAxes } from '../axes.ts';
import { PATIENCE } from '../plan.ts';
import type { TrialSource } from '../source.ts';
import { scoreOf, valueOf } from '../score.ts';
import type { TrialState } from '../table.ts';
import type { Trial } from '../trial.ts';
import type { SweepHistory } from './history.ts';
import { suggest, type SuggestOptions } from './tpe.ts';

export interface SearchOptions extends SuggestOptions {
  readonly axes: readonly Axis[];
  /** How many trials to suggest. */
  readonly total: number;
  /** How many are asked for at a time. */
  readonly lanes: number;
  readonly best: BestOptions;
  /** The trial of some overrides. @throws ConfigurationError where it is invalid */
  readonly make: (overrides: Overrides) => Promise<Trial>;
  readonly history: SweepHistory;
}

/**
 * Suggests trials from the results of those before; see `suggest`. What a history holds is continued.
 *
 * @throws ConfigurationError where a trial of the history is another one now
 */
export async function searchSource(options: SearchOptions): Promise<TrialSource> {
  const { axes, total, lanes, best, make, history } = options;
  const trials = await Promise.all(
    history.trials.map(async ({ id, overrides }) => {
      const isOfAxes =
        overrides.length === axes.length &&
        axes.every(({ key }, index) => overrides[index]!.startsWith(`${key}=`));
      const trial = isOfAxes ? await make(overrides) : undefined;
      // Its results would be those of a trial that was never planned.
      if (trial?.id === id) return trial;
      throw new ConfigurationError(
        `the search in ${history.path} planned trial ${id} as\n    ${overrides.join(' ')}\nwhich is another trial now: its data, its initial weights or the line were changed; remove the file to begin again`,
      );
    }),
  );
  let next = 0;
  // One after the other: a suggestion and its record are based on the same results.
  let work: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(action: () => Promise<T>): Promise<T> => {
    const done = work.then(action);
    work = done.catch(() => undefined);
    return done;
  };

  const known = (): Parameters<typeof suggest>[3] => {
    const { results } = history;
    const overrides = new Map(history.trials.map((trial) => [trial.id, trial.overrides]));
    return {
      ended: [...results].map(([id, { value, stoppedAt }]) => ({
        overrides: overrides.get(id)!,
        score: scoreOf(value ?? NaN, best),
        stoppedAt,
      })),
      pending: history.trials.filter(({ id }) => !results.has(id)).map((trial) => trial.overrides),
    };
  };
  const suggestNew = async (): Promise<Trial | undefined> => {
    const basis = known();
    for (let attempt = 0; attempt < PATIENCE; attempt++) {
      const trial = await make(suggest(axes, history.trials.length, attempt, basis, options));
      if (history.has(trial.id)) continue;
      history.plan(trial);
      return trial;
    }
    return undefined;
  };

  return {
    trials,
    total: Math.max(total, trials.length),
    lanes,
    varied: variedAxes(axes),
    next: () =>
      inOrder(async () => {
        const left = trials[next++];
        if (left || history.trials.length >= total) return left;
        return suggestNew();
      }),
    ended: ({ trial, status, summary }: TrialState) =>
      inOrder(() => {
        if (status === 'finished' || status === 'failed') {
          history.end(trial.id, summary ? valueOf(summary, best) : NaN);
        }
        return Promise.resolve();
      }),
  };
}
