import { inspect } from 'node:util';

/** A value as an error message shows it: short, on one line, and safe for circular and deeply nested values. */
export function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  // `compact`: lists of more than six items, and long strings with line ends, would take several lines.
  const oneLine = { breakLength: Infinity, compact: true };
  const text = inspect(value, { ...oneLine, depth: 2, maxArrayLength: 10, maxStringLength: 100 });
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
