import type { RunFacts } from './facts.ts';
import { duration, percent } from '../text/numbers.ts';
import { cell } from '../text/table.ts';
import { fitTable } from '../text/width.ts';

/** Keys by which runs can be sorted, besides those of the configuration. */
export const SORT_KEYS = ['id', 'status', 'accuracy', 'loss', 'epochs', 'seconds', 'device'] as const;

/** Keys that do not affect the result of a run. */
const NAMES = new Set(['name', 'run.dir', 'run.tags', 'run.notes', 'tracking']);

/** A fact of a run, or a value of its configuration; undefined where it has none. */
export function valueOf(run: RunFacts, key: string): unknown {
  return (SORT_KEYS as readonly string[]).includes(key)
    ? run[key as (typeof SORT_KEYS)[number]]
    : run.configuration[key];
}

/**
 * Sorts by a fact or a key of the configuration: the greatest accuracy first, and the least of anything else. Runs without
 * it come last, and equal ones keep their order.
 */
export function sortRuns(runs: readonly RunFacts[], key: string, reverse: boolean): RunFacts[] {
  const sign = (key === 'accuracy') === reverse ? 1 : -1;
  return runs.toSorted((a, b) => {
    const [first, second] = [valueOf(a, key), valueOf(b, key)];
    if (first === undefined || second === undefined) {
      return Number(first === undefined) - Number(second === undefined);
    }
    return sign * compareValues(first, second);
  });
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [first, second] = [cell(a), cell(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** `88.44 %`, or `loss 241.0213` of a run without classes. */
export function resultText({ accuracy, loss }: Pick<RunFacts, 'accuracy' | 'loss'>): string {
  return accuracy === undefined && loss !== undefined ? `loss ${loss.toFixed(4)}` : percent(accuracy);
}

/** The images on which the result was measured. */
export function resultOf({ accuracyOf, lossOf }: Pick<RunFacts, 'accuracyOf' | 'lossOf'>): RunFacts['lossOf'] {
  return accuracyOf ?? lossOf;
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

/**
 * The runs as a table.
 *
 * @param columns of the terminal; longer lines are cut
 */
export function listText(runs: readonly RunFacts[], columns: number = Infinity): string {
  const keys = differingKeys(runs);
  const tagged = runs.some(({ tags }) => tags.length > 0);
  const rows = runs.map((run) => [
    run.id,
    run.status,
    resultText(run) + (resultOf(run) === 'validation' ? ' (validation)' : ''),
    String(run.epochs),
    duration(run.seconds),
    ...(tagged ? [run.tags.join(' ')] : []),
    keys
      .filter((key) => key in run.configuration)
      .map((key) => `${key}=${cell(run.configuration[key])}`)
      .join(' '),
    (run.device ?? '–').slice(0, 32),
  ]);
  const tags = tagged ? ['tags'] : [];
  const header = ['run', 'status', 'accuracy', 'epochs', 'time', ...tags, 'differs in', 'device'];
  return fitTable(header, rows, columns);
}
