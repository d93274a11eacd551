import type { DType } from '../backend/dtypes.ts';
import { ShapeError } from './errors.ts';
import { formatShape } from './shape.ts';
import type { NestedArray } from './tensor.ts';

/** The values of nested arrays in row-major order, with their shape and dtype. */
export function nestedValues(data: NestedArray): {
  values: (number | boolean)[];
  shape: number[];
  dtype: DType;
} {
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = (level as unknown[])[0])
    shape.push(level.length);
  const values: (number | boolean)[] = [];
  const visit = (level: unknown, axis: number): void => {
    const isValue = typeof level === 'number' || typeof level === 'boolean';
    const fits = Array.isArray(level) ? level.length === shape[axis] : isValue && axis === shape.length;
    if (!fits) {
      throw new ShapeError('tensor', 'the nested arrays are ragged', {
        takes: `nested arrays of numbers or booleans that agree with the first, ${formatShape(shape)}`,
        got: `${Array.isArray(level) ? `an array of ${level.length}` : typeof level} at depth ${axis}`,
      });
    }
    if (isValue) values.push(level);
    else for (const each of level as unknown[]) visit(each, axis + 1);
  };
  visit(data, 0);
  const boolean = values.length > 0 && values.every((value) => typeof value === 'boolean');
  return { values, shape, dtype: boolean ? 'bool' : 'float32' };
}
