import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeFolders } from '../files/folders.ts';
import { percent } from '../text/numbers.ts';
import type { BestOptions } from '../training/best.ts';
import type { TrialRunner } from './runner.ts';
import { CoalescedWriter } from './coalescedWriter.ts';
import { judged, ranked, type TrialState, variedKeys, writeTable } from './table.ts';
import { type Trial, trialSummary } from './trial.ts';

export interface SweepOptions {
  /** One at least. */
  readonly trials: readonly Trial[];
  /** See `sweepName`. */
  readonly name: string;
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
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { trials, runner, report } = options;
  const folder = makeFolder(options);
  const varied = variedKeys(trials);
  const states = new Map<Trial, TrialState>(trials.map((trial) => [trial, { trial, status: 'waiting' }]));
  const table = (): TrialState[] => ranked([...states.values()], options.best);
  const writer = new CoalescedWriter(() => writeTable(folder, table()));

  const pending: Trial[] = [];
  for (const trial of trials) {
    const summary = await trialSummary(trial);
    if (summary) states.set(trial, { trial, status: 'finished', summary });
    else pending.push(trial);
  }
  let done = trials.length - pending.length;
  report(`${trials.length} trials, ${done} of them finished before`);
  writer.changed();

  const follow = async (trial: Trial): Promise<void> => {
    const state = await runner.run(trial);
    if (state.status === 'waiting') return;
    states.set(trial, state);
    writer.changed();
    done++;
    const label = trial.overrides.filter((text) => varied.some((key) => text.startsWith(`${key}=`)));
    report(`${done}/${trials.length}  ${label.join(' ')}: ${outcome(state)}`);
  };
  await Promise.all(pending.map(follow));
  await writer.flush();
  return { folder, states: table() };
}

function outcome({ status, summary }: TrialState): string {
  if (!summary) return status;
  const { accuracy, loss } = judged(summary);
  const measure = accuracy === undefined ? `loss ${loss.toFixed(4)}` : `accuracy ${percent(accuracy)}`;
  return `${summary.validation ? 'validation' : 'test'} ${measure}, ${summary.seconds.toFixed(0)} s`;
}

function makeFolder({ name, trials }: SweepOptions): string {
  const folder = join(trials[0]!.configuration.run.dir, 'sweeps', name);
  makeFolders(folder);
  return folder;
}

/** The name of a sweep and of its folder, a function of its trials. */
export function sweepName(name: string, trials: readonly Trial[]): string {
  const ids = trials.map(({ id }) => id).sort();
  const hash = createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 8);
  return `${name}-${hash}`;
}
