import { ArgumentError } from '../../tensor/errors.ts';

/** Throws ArgumentError unless `fits`, for callers without types. */
export function takes(operation: string, fits: boolean, what: string, kind: string, got: unknown): void {
  if (!fits) throw new ArgumentError(operation, `${what} does not fit`, { takes: kind, got: kindOf(got) });
}

/** Whether a value is a map or a plain object, and not a module, tensor, array or promise. */
export function isEntries(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return value instanceof Map || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Promise) return 'a Promise; await it first';
  if (typeof value === 'object') {
    const { constructor } = value as { readonly constructor?: unknown };
    return typeof constructor === 'function' ? `an object of ${constructor.name}` : 'an object';
  }
  if (typeof value === 'string') return `the string ${JSON.stringify(value)}`;
  const plain = value as number | bigint | boolean | symbol | (() => void);
  return `${typeof plain} ${String(plain)}`;
}
