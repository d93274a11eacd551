import { inspect } from 'node:util';
import { WgradError } from '../backend/errors.ts';

/**
 * A configuration that cannot be used: unreadable YAML, a malformed override, or keys and values the schema
 * refuses. The message lists every problem at once, each with its path, what is taken and what was got.
 */
export class ConfigurationError extends WgradError {
  override name = 'ConfigurationError';
}

/** Where keys are: the names (and list indices) from the top of the file to a value. */
export type KeyPath = readonly PropertyKey[];

/** `['train', 'epochs']` → `train.epochs`. */
export function pathText(path: KeyPath): string {
  return path.map(String).join('.');
}

/** A value as an error message shows it: short, on one line, and safe for circular values. */
export function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 10 });
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** The value at `path` inside plain objects and lists, or undefined; own properties only. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    root,
  );
}
