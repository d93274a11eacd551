/** The values of nested sections under their dotted keys, lists as they are: `[['train.epochs', 3], …]`. */
export function leaves(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? leaves(inner, `${prefix}${key}.`)
      : [[prefix + key, inner]],
  );
}
