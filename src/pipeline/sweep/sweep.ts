import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeFolders } from '../files/folders.ts';
import { percent } from '../text/numbers.ts';
import type { BestOptions } from '../training/best.ts';
import type { TrialRunner } from './runner.ts';
import { CoalescedWriter } from './coalescedWriter.ts';
import type { TrialSource } from './source.ts';
import { judged } from './score.ts';
import type { SuccessiveHalving } from './search/halving.ts';
import { ranked, type TrialState, writeTable } from './table.ts';
import { type Trial, trialSummary } from './trial.ts';
import { type Validations, validationsOf } from './validations.ts';

export interface SweepOptions {
  readonly source: TrialSource;
  /** The folder of the sweep; see `makeSweepFolder`. */
  readonly folder: string;
  /** What ranks the trials. */
  readonly best: BestOptions;
  readonly runner: TrialRunner;
  /** Stops bad trials early. */
  readonly halving?: SuccessiveHalving | undefined;
  readonly report: (line: string) => void;
}

export interface SweepResult {
  readonly folder: string;
  /** The best first. */
  readonly states: readonly TrialState[];
}

/**
 * Runs each trial that is not finished yet, and keeps the table of all. So a killed sweep continues when it is called
 * again.
 *
 * @throws what the source or the runner throws
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { source, folder, best, runner, halving, report } = options;
  const { trials, total, lanes, varied } = source;
  const states = new Map<string, TrialState>();
  const table = (): TrialState[] => ranked([...states.values()], best);
  const writer = new CoalescedWriter(() => writeTable(folder, table()));

  const stopped = (trial: Trial): TrialState | undefined => {
    const stop = halving?.stopOf(trial.id);
    return (
      stop && {
        trial,
        status: 'pruned',
        pruned: { epoch: stop.epoch, metric: best.metric, value: stop.value },
      }
    );
  };

  for (const trial of trials) states.set(trial.id, stopped(trial) ?? (await knownState(trial)));
  const count = (wanted: TrialState['status']): number =>
    trials.filter(({ id }) => states.get(id)!.status === wanted).length;
  const pruned = count('pruned');
  let done = count('finished') + pruned;
  report(
    `${total} trials, ${done - pruned} of them finished${pruned > 0 ? ` and ${pruned} pruned` : ''} before`,
  );
  writer.changed();

  const follow = async (trial: Trial): Promise<TrialState> => {
    const before = states.get(trial.id);
    const known = before ?? (await knownState(trial));
    if (!before) states.set(trial.id, { trial, status: 'waiting' });
    if (known.status === 'pruned') return known;
    const judge = halving && ((seen: Validations): boolean => halving.goesOn(trial, seen));
    const end = known.status === 'finished' ? known : await runner.run(trial, judge);
    // What it was too fast to be told, and what another sweep has run.
    if (end.status === 'finished') judge?.(validationsOf(trial));
    const state = stopped(trial) ?? end;
    await source.ended(state);
    if (state.status === 'waiting' || state === before) return state;
    states.set(trial.id, state);
    writer.changed();
    if (before?.status !== 'finished') done++;
    const label = trial.overrides.filter((text) => varied.some((key) => text.startsWith(`${key}=`)));
    report(`${done}/${total}  ${label.join(' ')}: ${outcome(state)}`);
    return state;
  };
  let isOver = false;
  const lane = async (): Promise<void> => {
    try {
      while (!isOver) {
        const trial = await source.next();
        if (!trial) return;
        const { status } = await follow(trial);
        if (status === 'waiting' || status === 'interrupted' || status === 'cancelled') return;
      }
    } catch (error) {
      isOver = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await writer.flush();
  return { folder, states: table() };
}

/** How a trial stands before the sweep runs it. */
async function knownState(trial: Trial): Promise<TrialState> {
  const summary = await trialSummary(trial);
  return summary ? { trial, status: 'finished', summary } : { trial, status: 'waiting' };
}

function outcome({ status, summary, pruned }: TrialState): string {
  if (pruned) return `pruned after epoch ${pruned.epoch}`;
  if (!summary) return status;
  const { accuracy, loss } = judged(summary);
  const measure = accuracy === undefined ? `loss ${loss.toFixed(4)}` : `accuracy ${percent(accuracy)}`;
  return `${summary.validation ? 'validation' : 'test'} ${measure}, ${summary.seconds.toFixed(0)} s`;
}

/** Makes the folder of a sweep in the folder of its runs. */
export function makeSweepFolder(runs: string, name: string): string {
  const folder = join(runs, 'sweeps', name);
  makeFolders(folder);
  return folder;
}

/** The name of a sweep and of its folder: a function of what its trials follow from. */
export function sweepName(name: string, basis: readonly string[]): string {
  const hash = createHash('sha256').update(basis.join('\n')).digest('hex').slice(0, 8);
  return `${name}-${hash}`;
}
