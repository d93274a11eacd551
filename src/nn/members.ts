import { isLiteral } from '../tensor/arguments.ts';

/**
 * Lists the values of one kind that an object holds: in its fields, and in arrays, maps, sets and plain objects there,
 * however deep. Each has a dotted name: `layers.0`, `heads.left`. An instance of another class is not searched, and
 * #private fields cannot be seen. A field's collections are searched once each, so cycles end.
 *
 * @param name changes the name of a field
 */
export function membersOf<T>(
  holder: object,
  wanted: (value: unknown) => value is T,
  name: (field: string) => string = (field) => field,
): [string, T][] {
  const found: [string, T][] = [];
  for (const field of Object.keys(holder)) {
    const value = (holder as Record<string, unknown>)[field];
    if (typeof value !== 'object' || value === null) continue;
    if (wanted(value)) found.push([name(field), value]);
    else search(value, name(field), wanted, found, new Set([holder]));
  }
  return found;
}

function search<T>(
  holder: object,
  path: string,
  wanted: (value: unknown) => value is T,
  found: [string, T][],
  seen: Set<object>,
): void {
  if (seen.has(holder)) return;
  seen.add(holder);
  for (const [key, value] of entriesOf(holder)) {
    if (typeof value !== 'object' || value === null) continue;
    if (wanted(value)) found.push([`${path}.${key}`, value]);
    else search(value, `${path}.${key}`, wanted, found, seen);
  }
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
  return isLiteral(value) ? Object.entries(value) : [];
}
