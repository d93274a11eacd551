import { valueText } from '../../pipeline/text/valueText.ts';
import { RequestError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { type Datatype, datatypeOf } from './datatypes.ts';

/** Lists in lists: those of a shape with four sizes. */
const DEEPEST = 4;

/**
 * Reads the values of a tensor from JSON, flat or nested.
 *
 * @param count the number of values in its shape
 * @throws RequestError (400) for more or fewer values, or for values that the datatype does not have
 */
export function readJsonTensor(data: unknown, name: string, count: number): Float64Array {
  const datatype = datatypeOf(name);
  if (!Array.isArray(data)) throw new RequestError(400, `data takes a list, got ${valueText(data)}`);
  // Only what the body holds takes memory, whatever its shape says.
  const values: number[] = [];
  const visit = (list: readonly unknown[], depth: number): void => {
    for (const item of list) {
      if (Array.isArray(item) && depth < DEEPEST) {
        visit(item, depth + 1);
        continue;
      }
      if (values.length === count)
        throw new RequestError(400, `data takes the ${count} values of its shape, got more`);
      values.push(readValue(item, datatype));
    }
  };
  visit(data, 1);
  if (values.length < count) {
    throw new RequestError(400, `data takes the ${count} values of its shape, got ${values.length}`);
  }
  return Float64Array.from(values);
}

function readValue(item: unknown, { name, accepts }: Datatype): number {
  const value = name === 'BOOL' && typeof item === 'boolean' ? Number(item) : item;
  if (typeof value === 'number' && (accepts?.(value) ?? true)) return value;
  throw new RequestError(
    400,
    `data takes values of ${name}, flat or nested by the shape, got ${valueText(item)}`,
  );
}

/** Reads the values of a tensor from bytes. @throws RequestError (400) if they do not fit the shape */
export function readBinaryTensor(bytes: Buffer, name: string, count: number): Float64Array {
  const { bytes: size, read, accepts } = datatypeOf(name);
  if (bytes.length !== count * size) {
    throw new RequestError(
      400,
      `a ${name} tensor of ${count} values takes ${count * size} bytes, got ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float64Array.from({ length: count }, (_, index) => read(view, index * size));
  const wrong = accepts && values.find((value) => !accepts(value));
  if (wrong !== undefined) throw new RequestError(400, `a ${name} tensor takes 0 and 1, got ${wrong}`);
  return values;
}

/** The parts of a tensor [n, …]. */
export function splitImages(values: Float64Array, count: number): Float64Array[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) => values.subarray(index * size, (index + 1) * size));
}

/** The number of images in a shape. @throws RequestError (400) for other shapes */
export function imageCount(shape: readonly number[], { height, width }: ModelRecord['input']): number {
  const [count, ...rest] = shape;
  const sizes = [[height, width], [1, height, width], [height * width]].map((size) => size.join(', '));
  if (count !== undefined && count >= 1 && sizes.includes(rest.join(', '))) return count;
  const takes = sizes.map((size) => `[n, ${size}]`).join(' or ');
  throw new RequestError(400, `shape takes ${takes} with n ≥ 1, got [${shape.join(', ')}]`);
}
