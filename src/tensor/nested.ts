import type { DType } from '../backend/dtypes.ts';
import { kindOf } from './arguments.ts';
import { ArgumentError, ShapeError } from './errors.ts';
import { formatShape } from './shape.ts';
import type { NestedArray } from './tensor.ts';

/** Values in row-major order, with the shape and dtype that they have by themselves. */
export interface HostValues {
  readonly values: ArrayLike<number | boolean | bigint>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** More levels than this are taken for an array that contains itself. */
const DEEPEST = 64;

/**
 * The values of nested arrays in row-major order, with their shape and dtype.
 *
 * @throws ArgumentError for an element that is no number or boolean, ShapeError for rows of different lengths
 */
export function nestedValues(data: NestedArray): HostValues {
  const shape: number[] = [];
  for (
    let level: unknown = data;
    Array.isArray(level) && shape.length <= DEEPEST;
    level = (level as unknown[])[0]
  )
    shape.push(level.length);
  const values: (number | boolean)[] = [];
  const at: number[] = [];
  const visit = (level: unknown, axis: number): void => {
    if (typeof level === 'number' || typeof level === 'boolean') {
      if (axis < shape.length) throw ragged(shape, level, axis);
      values.push(level);
      return;
    }
    if (!Array.isArray(level) || axis > DEEPEST) throw noNumber(level, at.slice(0, axis));
    if (level.length !== shape[axis]) throw ragged(shape, level, axis);
    for (let index = 0; index < level.length; index++) {
      at[axis] = index;
      visit(level[index], axis + 1);
    }
  };
  visit(data, 0);
  const boolean = values.length > 0 && values.every((value) => typeof value === 'boolean');
  return { values, shape, dtype: boolean ? 'bool' : 'float32' };
}

function ragged(shape: readonly number[], level: unknown, axis: number): ShapeError {
  return new ShapeError('tensor', 'the nested arrays are ragged', {
    takes: `nested arrays of numbers or booleans that agree with the first, ${formatShape(shape)}`,
    got: `${Array.isArray(level) ? `an array of ${level.length}` : kindOf(level)} at depth ${axis}`,
  });
}

function noNumber(value: unknown, at: readonly number[]): ArgumentError {
  return new ArgumentError('tensor', 'the data is no number', {
    takes: 'a number, a boolean, nested arrays of them, or a typed array; cat or stack join tensors',
    got: at.length === 0 ? kindOf(value) : `${kindOf(value)} at ${at.map((index) => `[${index}]`).join('')}`,
  });
}
