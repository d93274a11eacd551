import { valueText } from '../../pipeline/text/valueText.ts';
import { RequestError } from '../errors.ts';

interface Reader {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** Datatypes of the Open Inference Protocol that can hold brightnesses, little-endian. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['UINT8', { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ['UINT16', { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  ['UINT32', { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  ['INT8', { bytes: 1, read: (view, at) => view.getInt8(at) }],
  ['INT16', { bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  ['INT32', { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  ['FP32', { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  ['FP64', { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
]);

function readerOf(datatype: string): Reader {
  const reader = READERS.get(datatype);
  if (reader) return reader;
  throw new RequestError(400, `datatype takes ${[...READERS.keys()].join(', ')}, got ${valueText(datatype)}`);
}

/**
 * Reads the values of a tensor from JSON, flat or nested.
 *
 * @param count the number of values in its shape
 * @throws RequestError (400) for more or fewer values, or for anything but numbers
 */
export function readJsonTensor(data: unknown, datatype: string, count: number): Float64Array {
  readerOf(datatype);
  const values = new Float64Array(count);
  let at = 0;
  const visit = (value: unknown, depth: number): void => {
    if (Array.isArray(value) && depth <= 4) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    if (typeof value !== 'number') {
      throw new RequestError(400, `data takes numbers, flat or nested by the shape, got ${valueText(value)}`);
    }
    if (at === count) throw new RequestError(400, `data takes the ${count} values of its shape, got more`);
    values[at++] = value;
  };
  if (!Array.isArray(data)) throw new RequestError(400, `data takes a list, got ${valueText(data)}`);
  visit(data, 0);
  if (at < count) throw new RequestError(400, `data takes the ${count} values of its shape, got ${at}`);
  return values;
}

/** Reads the values of a tensor from bytes. @throws RequestError (400) if they do not fit the shape */
export function readBinaryTensor(bytes: Buffer, datatype: string, count: number): Float64Array {
  const { bytes: size, read } = readerOf(datatype);
  if (bytes.length !== count * size) {
    throw new RequestError(
      400,
      `a ${datatype} tensor of ${count} values takes ${count * size} bytes, got ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: count }, (_, index) => read(view, index * size));
}

/**
 * The images of a tensor [n, 28, 28], [n, 1, 28, 28] or [n, 784].
 *
 * @throws RequestError (400) if a value is not a brightness from 0 to 255
 */
export function splitImages(values: Float64Array, count: number): Float64Array[] {
  const wrong = values.find((value) => !(value >= 0 && value <= 255));
  if (wrong !== undefined) throw new RequestError(400, `data takes brightnesses from 0 to 255, got ${wrong}`);
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) => values.subarray(index * size, (index + 1) * size));
}

/** The number of images in a shape. @throws RequestError (400) for other shapes */
export function imageCount(shape: readonly number[]): number {
  const [count, ...rest] = shape;
  const fits = ['28,28', '1,28,28', '784'].includes(rest.join(','));
  if (fits && count !== undefined && count >= 1) return count;
  throw new RequestError(
    400,
    `shape takes [n, 28, 28], [n, 1, 28, 28] or [n, 784] with n ≥ 1, got [${shape.join(', ')}]`,
  );
}
