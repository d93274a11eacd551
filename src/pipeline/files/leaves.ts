/** The values of nested sections under their dotted keys, lists as they are: `[['train.epochs', 3], …]`. */
export function leaves(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? leaves(inner, `${prefix}${key}.`)
      : [[prefix + key, inner]],
  );
}

/** A dotted key whose values differ; undefined stands for a missing one. */
export interface ChangedLeaf {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The keys in which two nested objects differ. */
export function changedLeaves(before: object, after: object): ChangedLeaf[] {
  const [old, now] = [new Map(leaves(before)), new Map(leaves(after))];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((key) => ({ key, before: old.get(key), after: now.get(key) }))
    .filter((leaf) => JSON.stringify(leaf.before) !== JSON.stringify(leaf.after));
}
