import { changedLeaves } from '../../files/leaves.ts';

/** A fact of the environment that has changed since the run was recorded. */
export interface EnvironmentDifference {
  /** Dotted: `adapter.description`. */
  readonly field: string;
  /** undefined where it was not recorded. */
  readonly recorded: unknown;
  readonly now: unknown;
}

/** Fields that differ between any two runs and do not affect the computation. */
const IGNORED = new Set(['startedAt', 'commandLine', 'resumed']);

/**
 * The fields in which two environments differ, as `environment.json` has them, in alphabetical order.
 *
 * @example environmentDifferences({ node: '20.19.0' }, { node: '22.1.0' })
 * // [{ field: 'node', recorded: '20.19.0', now: '22.1.0' }]
 */
export function environmentDifferences(recorded: object, now: object): EnvironmentDifference[] {
  return changedLeaves(recorded, now)
    .filter(({ key }) => !IGNORED.has(key))
    .map(({ key, before, after }) => ({ field: key, recorded: before, now: after }))
    .sort((a, b) => (a.field < b.field ? -1 : 1));
}
