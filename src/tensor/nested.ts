import type { DType } from '../backend/dtypes.ts';
import { kindOf } from './arguments.ts';
import { ArgumentError, ShapeError } from './errors.ts';
import { formatShape } from './shape.ts';

/** Values in row-major order, with the shape and dtype that they have by themselves. */
export interface HostValues {
  readonly values: ArrayLike<number | boolean | bigint>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** More levels than this are taken for an array that contains itself. */
const DEEPEST = 64;

/**
 * The values of nested arrays in row-major order, with their shape and dtype. The last level may be typed arrays.
 *
 * @param natural the dtype of a typed array
 * @throws ArgumentError for an element that is no number or boolean, ShapeError for rows of different lengths
 */
export function nestedValues(data: unknown, natural: (row: ArrayBufferView) => DType): HostValues {
  const shape: number[] = [];
  for (let level: unknown = data; isRow(level) && shape.length <= DEEPEST; level = level[0])
    shape.push(level.length);
  const values: (number | boolean | bigint)[] = [];
  const dtypes = new Set<DType>();
  const at: number[] = [];
  let typed = 0;
  const visit = (level: unknown, axis: number): void => {
    if (typeof level === 'number' || typeof level === 'boolean') {
      if (axis < shape.length) throw ragged(shape, level, axis);
      values.push(level);
      return;
    }
    if (!isRow(level) || axis > DEEPEST) throw noNumber(level, at.slice(0, axis));
    if (level.length !== shape[axis]) throw ragged(shape, level, axis);
    if (ArrayBuffer.isView(level)) {
      if (axis + 1 < shape.length) throw ragged(shape, level[0], axis + 1);
      dtypes.add(natural(level));
      typed += level.length;
      for (let index = 0; index < level.length; index++) values.push(level[index] as number | bigint);
      return;
    }
    for (let index = 0; index < level.length; index++) {
      at[axis] = index;
      visit(level[index], axis + 1);
    }
  };
  visit(data, 0);
  const [dtype] = dtypes;
  if (dtype && dtypes.size === 1 && typed === values.length) return { values, shape, dtype };
  const boolean = values.length > 0 && values.every((value) => typeof value === 'boolean');
  return { values, shape, dtype: boolean ? 'bool' : 'float32' };
}

/** An array, or a typed array. */
function isRow(level: unknown): level is ArrayLike<unknown> {
  return Array.isArray(level) || (ArrayBuffer.isView(level) && 'length' in level);
}

function ragged(shape: readonly number[], level: unknown, axis: number): ShapeError {
  return new ShapeError('tensor', 'the nested arrays are ragged', {
    takes: `nested arrays of numbers or booleans that agree with the first, ${formatShape(shape)}`,
    got: `${isRow(level) ? `an array of ${level.length}` : kindOf(level)} at depth ${axis}`,
  });
}

function noNumber(value: unknown, at: readonly number[]): ArgumentError {
  return new ArgumentError('tensor', 'the data is no number', {
    takes: 'a number, a boolean, nested arrays of them, or a typed array; cat or stack join tensors',
    got: at.length === 0 ? kindOf(value) : `${kindOf(value)} at ${at.map((index) => `[${index}]`).join('')}`,
  });
}
