// The kinds of arguments that several functions take.

import { type DType, itemSize } from '../backend/dtypes.ts';
import { isIntegers, type Kind, signature } from './arguments.ts';
import { Tensor } from './tensor.ts';

const isTensor = (value: unknown): boolean => value instanceof Tensor;
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isInteger = (value: unknown): boolean => Number.isSafeInteger(value);

export const TENSOR: Kind = { takes: 'a tensor', fits: isTensor };
export const OPERAND: Kind = {
  takes: 'a tensor or a number',
  fits: (value) => typeof value === 'number' || value instanceof Tensor,
};
export const NUMBER: Kind = { takes: 'a number', fits: isNumber };
export const REAL: Kind = {
  takes: 'a number other than NaN',
  fits: (value) => typeof value === 'number' && !Number.isNaN(value),
};
export const INTEGER: Kind = { takes: 'an integer', fits: isInteger };
export const STRING: Kind = { takes: 'a string', fits: (value) => typeof value === 'string' };
export const BOOLEAN: Kind = { takes: 'true or false', fits: (value) => typeof value === 'boolean' };
export const DIMS: Kind = {
  takes: 'an integer or a list of integers',
  fits: (value) => isInteger(value) || isIntegers(value),
};
export const SIZES: Kind = { takes: 'a list of integers', fits: isIntegers };
export const TENSORS: Kind = { takes: 'a list of tensors', fits: isListOf(isTensor) };
/** A number for both axes, or [height, width]; the operation checks the numbers. */
export const PAIR: Kind = {
  takes: 'an integer, or two of them [height, width]',
  fits: (value) => isNumber(value) || Array.isArray(value),
};
export const DEVICE: Kind = {
  takes: 'a device that init or open returned',
  fits: (value) => typeof value === 'object' && value !== null && 'run' in value && 'allocate' in value,
};
export const DTYPE: Kind = oneOf(...(Object.keys(itemSize) as DType[]));
/** A tensor that may be left out, in a place of its own. */
export const MAYBE_TENSOR: Kind = {
  takes: 'a tensor or null',
  fits: (value) => value === null || value === undefined || isTensor(value),
};
export const REDUCTION: Kind = oneOf('mean', 'sum', 'none');

/** One of some words. */
export function oneOf(...words: readonly string[]): Kind {
  return {
    takes: words
      .map((word) => `'${word}'`)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1'),
    fits: (value) => words.includes(value as string),
  };
}

/** A list of values of one kind. */
export function listOf({ fits, takes }: Kind): Kind {
  return { takes: `a list, each ${takes}`, fits: isListOf(fits) };
}

/** A kind, or null, which has a meaning of its own. */
export function nullable({ takes, fits }: Kind): Kind {
  return { takes: `${takes}, or null`, fits: (value) => value === null || fits(value), nullable: true };
}

/** One kind or another. */
export function either(left: Kind, right: Kind): Kind {
  return {
    takes: `${left.takes}, or ${right.takes}`,
    fits: (value) => left.fits(value) || right.fits(value),
  };
}

function isListOf(fits: (value: unknown) => boolean): (value: unknown) => boolean {
  // Array.from makes holes undefined; every would pass over them.
  return (value) => Array.isArray(value) && Array.from(value as unknown[]).every(fits);
}

/** Throws ArgumentError unless the arguments are one tensor. */
export function takesTensor(operation: string, args: ArrayLike<unknown>): void {
  if (args.length === 1 && args[0] instanceof Tensor) return;
  signature(operation, { x: TENSOR })(args);
}

/** Throws ArgumentError unless the arguments are a tensor, and a tensor or a number. */
export function takesPair(operation: string, args: ArrayLike<unknown>): void {
  const other = args[1];
  const fits = typeof other === 'number' || other instanceof Tensor;
  if (args.length === 2 && fits && args[0] instanceof Tensor) return;
  signature(operation, { a: TENSOR, b: OPERAND })(args);
}
