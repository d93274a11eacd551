import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { writeJson } from '../files/json.ts';
import type { Evaluation, RunSummary } from '../runs/summary.ts';
import { table } from '../text/table.ts';
import { Best, type BestOptions } from '../training/best.ts';
import type { Trial } from './trial.ts';

/** The state of a trial. */
export interface TrialState {
  readonly trial: Trial;
  readonly status: 'waiting' | 'finished' | 'failed' | 'interrupted' | 'cancelled';
  readonly summary?: RunSummary;
  /** Why it failed. */
  readonly message?: string;
}

/** The best trial first, by its validation (by its test where nothing was held out); those without a result last. */
export function ranked(states: readonly TrialState[], best: BestOptions): TrialState[] {
  const score = ({ summary }: TrialState): number => scoreOf(summary ? valueOf(summary, best) : NaN, best);
  // The sort is stable: equal trials stay in the order of the sweep.
  return [...states].sort((a, b) => compare(score(b), score(a)));
}

/** The measure by which trials are ranked; NaN where the trial does not have it. */
export function valueOf(summary: RunSummary, { metric }: BestOptions): number {
  return judged(summary)[metric] ?? NaN;
}

/** A value of that measure so that more is better; -Infinity where it is not finite. */
export function scoreOf(value: number, best: BestOptions): number {
  return Number.isFinite(value) ? Best.sign(best) * value : -Infinity;
}

/** The validation of a trial, or its test where nothing was held out. */
export function judged({ validation, testAccuracy, testLoss }: RunSummary): Evaluation {
  return validation ?? { loss: testLoss, ...(testAccuracy !== undefined && { accuracy: testAccuracy }) };
}

/** `-Infinity - -Infinity` is NaN. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
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
  const rows = states.map(({ trial, status, summary }, index) => {
    const values = new Map(trial.overrides.map(splitOverride));
    const number = (value: unknown): string => (typeof value === 'number' ? value.toFixed(4) : '');
    return [
      summary ? String(index + 1) : '',
      ...keys.map((key) => values.get(key) ?? ''),
      ...measures.map(([, of]) => number(summary && of(summary))),
      summary ? String(summary.epochs) : '',
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
  return states.map(({ trial: { id, path, overrides, versions }, status, summary, message }) => ({
    id,
    versions,
    run: path,
    overrides: Object.fromEntries(overrides.map(splitOverride)),
    status,
    ...(message !== undefined && { message }),
    summary: summary ?? null,
  }));
}

/** Writes the ranked trials as `sweep.json` and `sweep.csv` into the sweep's folder. */
export async function writeTable(folder: string, states: readonly TrialState[]): Promise<void> {
  await writeJson(join(folder, 'sweep.json'), { trials: trialRecords(states) });
  await writeFileAtomic(join(folder, 'sweep.csv'), stringify(cells(states), CSV));
}
