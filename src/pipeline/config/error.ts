import { WgradError } from '../../backend/errors.ts';

/**
 * An unusable configuration: unreadable YAML, a malformed override, or keys and values that the schema refuses. The
 * message lists every problem with its path, what is taken and what was got.
 */
export class ConfigurationError extends WgradError {
  override name = 'ConfigurationError';
}

/** The names (and list indices) from the top of the file to a value. */
export type KeyPath = readonly PropertyKey[];

/** `['train', 'epochs']` → `train.epochs`. */
export function pathText(path: KeyPath): string {
  return path.map(String).join('.');
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
