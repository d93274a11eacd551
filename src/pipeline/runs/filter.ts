import type { RunFacts } from './facts.ts';
import { SORT_KEYS, valueOf } from './list.ts';
import { requireKnown, UsageError } from '../text/didYouMean.ts';
import { parseYaml } from '../files/yamlValue.ts';
import { cell } from '../text/table.ts';

/** A condition on runs: `optimizer.lr<=0.01`. */
interface Condition {
  readonly key: string;
  readonly operator: string;
  readonly wanted: unknown;
}

/** The key by which tags are asked for. */
const TAG_KEY = 'tag';

/**
 * The runs that fulfil all conditions.
 *
 * @param text conditions with commas between: `optimizer.lr=0.01`, `accuracy>=0.9`, `status!=failed`, `tag=baseline`,
 *   `accuracy>90%`, `device~llvmpipe` (contains). Keys are those of `SORT_KEYS`, `tag`, and keys of the configuration.
 * @throws UsageError where a condition cannot be read, or its key is unknown
 */
export function filterRuns(runs: readonly RunFacts[], text: string): RunFacts[] {
  const conditions = split(text).map(parseCondition);
  const known = [
    ...SORT_KEYS,
    TAG_KEY,
    ...new Set(runs.flatMap(({ configuration }) => Object.keys(configuration))),
  ];
  for (const { key } of conditions) requireKnown('key', key, known);
  return runs.filter((run) => conditions.every((condition) => fulfils(run, condition)));
}

/** At the commas outside of brackets. */
function split(text: string): string[] {
  return text.split(/,(?![^[\]]*\])/);
}

function parseCondition(text: string): Condition {
  const [, key, operator, value] = /^\s*([\w.]+)\s*(!=|<=|>=|=|<|>|~)(.*)$/.exec(text) ?? [];
  if (key === undefined || operator === undefined || value === undefined || value.trim() === '') {
    throw new UsageError(
      `--where takes key=value, also with !=, <, <=, >, >= and ~ (contains), separated by commas; got '${text}'`,
    );
  }
  const percent = /^\s*([\d.]+) ?%\s*$/.exec(value);
  if (percent && operator !== '~') return { key, operator, wanted: Number(percent[1]) / 100 };
  const { value: wanted, faults } = parseYaml(value);
  if (/[<>]/.test(operator) && typeof wanted !== 'number') {
    throw new UsageError(`--where takes a number after ${operator}; got '${text}'`);
  }
  return { key, operator, wanted: operator === '~' || faults.length > 0 ? value.trim() : wanted };
}

function fulfils(run: RunFacts, { key, operator, wanted }: Condition): boolean {
  if (key === TAG_KEY) return run.tags.includes(String(wanted)) === (operator !== '!=');
  const value = valueOf(run, key);
  const isEqual = JSON.stringify(value) === JSON.stringify(wanted);
  if (operator === '=') return isEqual;
  if (operator === '!=') return !isEqual;
  if (operator === '~') return value !== undefined && cell(value).includes(cell(wanted));
  if (typeof value !== 'number' || typeof wanted !== 'number') return false;
  return { '<': value < wanted, '<=': value <= wanted, '>': value > wanted, '>=': value >= wanted }[operator]!;
}
