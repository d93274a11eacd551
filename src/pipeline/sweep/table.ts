import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { writeJson } from '../files/json.ts';
import type { RunSummary } from '../runs/summary.ts';
import { table } from '../text/table.ts';
import type { BestOptions } from '../training/best.ts';
import { compareStandings, scoreOf, type Standing, valueOf } from './score.ts';
import type { Trial } from './trial.ts';

/** The state of a trial. */
export interface TrialState {
  readonly trial: Trial;
  readonly status: 'waiting' | 'finished' | 'failed' | 'interrupted' | 'cancelled' | 'pruned';
  /** Of a finished trial. */
  readonly summary?: RunSummary;
  /** The epoch after which it was stopped early, and the best value of the measure until then. */
  readonly pruned?: {
    readonly epoch: number;
    readonly metric: BestOptions['metric'];
    readonly value: number | null;
  };
  /** Why it failed. */
  readonly message?: string;
}

/**
 * The best trial first, by its validation (by its test where nothing was held out); then those that were stopped early; those
 * without a result last.
 */
export function ranked(states: readonly TrialState[], best: BestOptions): TrialState[] {
  const standing = ({ summary, pruned }: TrialState): Standing => ({
    score: scoreOf(pruned?.value ?? (summary ? valueOf(summary, best) : NaN), best),
    stoppedAt: pruned?.epoch,
  });
  // The sort is stable: equal trials stay in the order of the sweep.
  return [...states].sort((a, b) => compareStandings(standing(a), standing(b)));
}

/** The keys that differ between trials. */
export function variedKeys(trials: readonly Trial[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const [key, value] of trials.flatMap(({ overrides }) => overrides.map(splitOverride))) {
    values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  return [...values].filter(([, different]) => different.size > 1).map(([key]) => key);
}

function splitOverride(text: string): [string, string] {
  const equals = text.indexOf('=');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** The table's header and rows: shares of one and nats, as in the summaries. */
function cells(states: readonly TrialState[]): [string[], ...string[][]] {
  const keys = variedKeys(states.map(({ trial }) => trial));
  const measures: [title: string, of: (summary: RunSummary) => number | undefined][] = [
    ['validation accuracy', ({ validation }) => validation?.accuracy],
    ['validation loss', ({ validation }) => validation?.loss],
    ['test accuracy', ({ testAccuracy }) => testAccuracy],
    ['test loss', ({ testLoss }) => testLoss],
  ];
  const rows = states.map(({ trial, status, summary, pruned }, index) => {
    const values = new Map(trial.overrides.map(splitOverride));
    const number = (value: unknown): string => (typeof value === 'number' ? value.toFixed(4) : '');
    return [
      summary ? String(index + 1) : '',
      ...keys.map((key) => values.get(key) ?? ''),
      ...measures.map(([title, of]) =>
        number(summary ? of(summary) : title === `validation ${pruned?.metric}` ? pruned!.value : undefined),
      ),
      String(summary?.epochs ?? pruned?.epoch ?? ''),
      summary ? summary.seconds.toFixed(0) : '',
      status,
      trial.path,
    ];
  });
  const titles = measures.map(([title]) => title);
  return [['rank', ...keys, ...titles, 'epochs', 'seconds', 'status', 'run'], ...rows];
}

/** The table for people, without the keys that all trials share; then the failures. */
export function tableText(states: readonly TrialState[]): string {
  const [header, ...rows] = cells(states);
  const failures = states
    .filter(({ message }) => message !== undefined)
    .map(({ trial, message }) => `\n${trial.path} failed:\n${message!.replaceAll(/^/gm, '  ')}`);
  return [table(header, rows), ...failures].join('\n');
}

/** RFC 4180. */
const CSV = { record_delimiter: 'windows', quoted_match: /[\r\n]/ };

/** The ranked trials for programs. */
export function trialRecords(states: readonly TrialState[]): object[] {
  return states.map(({ trial: { id, path, overrides, versions }, status, summary, message, pruned }) => ({
    id,
    versions,
    run: path,
    overrides: Object.fromEntries(overrides.map(splitOverride)),
    status,
    ...(message !== undefined && { message }),
    ...(pruned && { pruned }),
    summary: summary ?? null,
  }));
}

/** Writes the ranked trials as `sweep.json` and `sweep.csv` into the sweep's folder. */
export async function writeTable(folder: string, states: readonly TrialState[]): Promise<void> {
  await writeJson(join(folder, 'sweep.json'), { trials: trialRecords(states) });
  await writeFileAtomic(join(folder, 'sweep.csv'), stringify(cells(states), CSV));
}
