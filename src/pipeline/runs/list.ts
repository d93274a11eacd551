import type { RunFacts } from './facts.ts';
import { duration, percent } from '../text/numbers.ts';
import { cell, table } from '../text/table.ts';

/** Keys by which runs can be sorted, besides those of the configuration. */
export const SORT_KEYS = ['id', 'status', 'accuracy', 'epochs', 'seconds', 'device'] as const;

/** Keys that do not affect the result of a run. */
const NAMES = new Set(['name', 'run.dir', 'tracking']);

/** Sorts by a fact or a key of the configuration; runs without it come last, and equal ones keep their order. */
export function sortRuns(runs: readonly RunFacts[], key: string, reverse: boolean): RunFacts[] {
  const value = (run: RunFacts): unknown =>
    (SORT_KEYS as readonly string[]).includes(key)
      ? run[key as (typeof SORT_KEYS)[number]]
      : run.configuration[key];
  return runs.toSorted((a, b) => {
    const [first, second] = [value(a), value(b)];
    if (first === undefined || second === undefined) {
      return Number(first === undefined) - Number(second === undefined);
    }
    return (reverse ? -1 : 1) * compareValues(first, second);
  });
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [first, second] = [cell(a), cell(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The keys in which the runs differ. */
export function differingKeys(
  runs: readonly RunFacts[],
  part: 'configuration' | 'environment' = 'configuration',
): string[] {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run[part])))];
  return keys.filter(
    (key) => !NAMES.has(key) && new Set(runs.map((run) => JSON.stringify(run[part][key]))).size > 1,
  );
}

/** The runs as a table. */
export function listText(runs: readonly RunFacts[]): string {
  const keys = differingKeys(runs);
  const rows = runs.map((run) => [
    run.id,
    run.status,
    percent(run.accuracy) + (run.accuracyOf === 'validation' ? ' (validation)' : ''),
    String(run.epochs),
    duration(run.seconds),
    (run.device ?? '–').slice(0, 32),
    keys
      .filter((key) => key in run.configuration)
      .map((key) => `${key}=${cell(run.configuration[key])}`)
      .join(' '),
  ]);
  return table(['run', 'status', 'accuracy', 'epochs', 'time', 'device', 'differs in'], rows);
}
