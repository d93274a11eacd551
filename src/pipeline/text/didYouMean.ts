import { distance } from 'fastest-levenshtein';
import { WgradError } from '../../backend/errors.ts';

/** The command line is wrong: the command prints the message and its usage, and ends with exit code 2. */
export class UsageError extends WgradError {
  override name = 'UsageError';
}

/**
 * The known name that a misspelt one probably means; undefined where none is near.
 *
 * @example nearestName('batch_sise', ['batchSize', 'epochs']) // 'batchSize'
 */
export function nearestName(got: string, known: readonly string[]): string | undefined {
  return known
    .map((name) => ({ name, edits: editsBetween(plainName(got), plainName(name)) }))
    .filter(({ name, edits }) => edits <= Math.ceil(Math.max(got.length, name.length) / 3))
    .sort((a, b) => a.edits - b.edits)[0]?.name;
}

/** @throws UsageError where `name` is not known; it names the nearest, or else the first that are known */
export function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  const hint =
    near === undefined ? `; there are ${known.slice(0, 40).join(', ')}` : `. Did you mean ${near}?`;
  throw new UsageError(`unknown ${what} '${name}'${hint}`);
}

/** Letters to change; none for a part such as `gpu` of `webgpu`, which is nearer than `cpu` is. */
function editsBetween(got: string, name: string): number {
  return got.length >= 3 && name.includes(got) ? 0 : distance(got, name);
}

/** A name without what people confuse: `batch_size` and `batchsize` give the same as `batchSize`. */
export function plainName(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase();
}
