import { kindOf } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';

/** Throws ArgumentError unless `fits`, for callers without types. */
export function takes(operation: string, fits: boolean, what: string, kind: string, got: unknown): void {
  if (!fits) throw new ArgumentError(operation, `${what} does not fit`, { takes: kind, got: kindOf(got) });
}

/** Throws ArgumentError for more arguments than a function has. */
export function takesAtMost(operation: string, count: number, args: ArrayLike<unknown>): void {
  if (args.length <= count) return;
  throw new ArgumentError(operation, 'too many arguments', {
    takes: `up to ${count} arguments`,
    got: `${args.length}; the last is ${kindOf(args[args.length - 1])}`,
  });
}

/** Whether a value is a map or a plain object, and not a module, tensor, array or promise. */
export function isEntries(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return value instanceof Map || prototype === null || Object.getPrototypeOf(prototype) === null;
}
