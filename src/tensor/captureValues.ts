import { CaptureError } from '../backend/errors.ts';
import { isLiteral } from './arguments.ts';
import { describe, Tensor } from './tensor.ts';

/**
 * An argument of a captured step: a tensor, whose contents may change; a plain value, of which each gets its own
 * recording; or lists and plain objects of these.
 */
export type CaptureArgument = Tensor | number | bigint | string | boolean | null | undefined | object;

/** Appends the tensors in nested lists and plain objects, in order. */
export function collectTensors(value: unknown, found: Tensor[] = []): Tensor[] {
  if (typeof value !== 'object' || value === null) return found;
  if (value instanceof Tensor) found.push(value);
  else if (Array.isArray(value)) for (const each of value) collectTensors(each, found);
  else if (isLiteral(value)) for (const each of Object.values(value)) collectTensors(each, found);
  return found;
}

/** A copy of nested lists and plain objects with each tensor replaced. */
export function mapTensors<T>(value: T, map: (tensor: Tensor) => Tensor): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Tensor) return map(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => mapTensors(each, map)) as T;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTensors(each, map)])) as T;
}

/** A key that differs for arguments that need separate recordings. Throws CaptureError for what cannot be recorded. */
export function keyOf(value: unknown, where: string): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Tensor) return `${describe(value)}${value.requiresGrad ? ' with gradient' : ''}`;
      if (Array.isArray(value)) {
        return `[${value.map((each, index) => keyOf(each, `${where}[${index}]`)).join(', ')}]`;
      }
      if (isLiteral(value)) {
        const entries = Object.entries(value).map(
          ([name, each]) => `${JSON.stringify(name)}: ${keyOf(each, `${where}.${name}`)}`,
        );
        return `{${entries.join(', ')}}`;
      }
  }
  throw new CaptureError(
    `capture: ${where} is neither a tensor nor a plain value, nor a list or plain object of them; its contents would ` +
      'be frozen',
  );
}

/** Throws CaptureError unless a result is a tensor, nothing, or lists and plain objects of these. */
export function checkResult(value: unknown): void {
  if (value === undefined || value === null || value instanceof Tensor) return;
  if (typeof value === 'object' && (Array.isArray(value) || isLiteral(value))) {
    for (const each of Object.values(value)) checkResult(each);
    return;
  }
  const kind = typeof value === 'object' ? 'an object of a class' : typeof value;
  const got = typeof value === 'number' ? `number ${value}` : kind;
  throw new CaptureError(
    `capture: the step returns ${got}, ` +
      'which would be frozen. Return tensors, lists or plain objects of them, or nothing.',
  );
}
