import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeFolders } from '../files/folders.ts';
import { percent } from '../text/numbers.ts';
import type { BestOptions } from '../training/best.ts';
import type { TrialRunner } from './runner.ts';
import { CoalescedWriter } from './coalescedWriter.ts';
import type { TrialSource } from './source.ts';
import { judged, ranked, type TrialState, writeTable } from './table.ts';
import { type Trial, trialSummary } from './trial.ts';

export interface SweepOptions {
  readonly source: TrialSource;
  /** The folder of the sweep; see `makeSweepFolder`. */
  readonly folder: string;
  /** What ranks the trials. */
  readonly best: BestOptions;
  readonly runner: TrialRunner;
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
export async function runSweep({ source, folder, best, runner, report }: SweepOptions): Promise<SweepResult> {
  const { trials, total, lanes, varied } = source;
  const states = new Map<string, TrialState>();
  const table = (): TrialState[] => ranked([...states.values()], best);
  const writer = new CoalescedWriter(() => writeTable(folder, table()));

  for (const trial of trials) states.set(trial.id, await knownState(trial));
  let done = trials.filter(({ id }) => states.get(id)!.status === 'finished').length;
  report(`${total} trials, ${done} of them finished before`);
  writer.changed();

  const follow = async (trial: Trial): Promise<TrialState> => {
    const before = states.get(trial.id);
    const known = before ?? (await knownState(trial));
    if (!before) states.set(trial.id, { trial, status: 'waiting' });
    const state = known.status === 'finished' ? known : await runner.run(trial);
    await source.ended(state);
    if (state.status === 'waiting' || state === before) return state;
    states.set(trial.id, state);
    writer.changed();
    done++;
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
        if (status !== 'finished' && status !== 'failed') return;
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

function outcome({ status, summary }: TrialState): string {
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
