/** A fact about the environment that was another when the run was recorded. */
export interface EnvironmentDifference {
  /** Dotted: `adapter.description`. */
  readonly field: string;
  /** undefined where it was not recorded. */
  readonly recorded: unknown;
  readonly now: unknown;
}

/** What differs between any two runs and says nothing about what they compute. */
const IGNORED = new Set(['startedAt', 'commandLine', 'resumed']);

/**
 * The fields in which two environments differ, as `environment.json` has them, in alphabetical order.
 *
 * @example environmentDifferences({ node: '20.19.0' }, { node: '22.1.0' })
 * // [{ field: 'node', recorded: '20.19.0', now: '22.1.0' }]
 */
export function environmentDifferences(recorded: object, now: object): EnvironmentDifference[] {
  const [before, after] = [leaves(recorded), leaves(now)];
  const fields = [...new Set([...before.keys(), ...after.keys()])].sort();
  return fields
    .filter((field) => JSON.stringify(before.get(field)) !== JSON.stringify(after.get(field)))
    .map((field) => ({ field, recorded: before.get(field), now: after.get(field) }));
}

function leaves(environment: object): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (value: object, prefix: string): void => {
    for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
      if (prefix === '' && IGNORED.has(key)) continue;
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        visit(inner, `${prefix}${key}.`);
      } else found.set(prefix + key, inner);
    }
  };
  visit(environment, '');
  return found;
}
