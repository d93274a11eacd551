/**
 * Lists the values of one kind that an object holds: in its fields, and in arrays, maps, sets and plain objects there,
 * however deep. Each has a dotted name: `layers.0`, `heads.left`. An instance of another class is not searched, and
 * #private fields cannot be seen. Each collection is searched once, so cycles end.
 *
 * @param name changes the name of a field
 */
export function membersOf<T>(
  holder: object,
  wanted: (value: unknown) => value is T,
  name: (field: string) => string = (field) => field,
): [string, T][] {
  const found: [string, T][] = [];
  const seen = new Set<object>([holder]);
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (wanted(value)) found.push([path, value]);
    else if (!seen.has(value)) {
      seen.add(value);
      for (const [key, each] of entriesOf(value)) visit(each, `${path}.${key}`);
    }
  };
  for (const [field, value] of Object.entries(holder)) visit(value, name(field));
  return found;
}

/** The entries of an array, a map, a set or a plain object; none of other objects. */
function entriesOf(value: object): Iterable<[string | number, unknown]> {
  if (Array.isArray(value)) return value.entries();
  if (value instanceof Set) return [...value].entries();
  if (value instanceof Map) {
    return [...value].map(([key, each], index) => [
      typeof key === 'string' || typeof key === 'number' ? key : index,
      each as unknown,
    ]);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : [];
}
