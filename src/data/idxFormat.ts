import { DataFormatError } from './formatError.ts';

/** The values of an IDX file. */
export type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** The contents of an IDX file. */
export interface Idx {
  /** The size of each dimension. */
  readonly sizes: readonly number[];
  /** In row-major order. Unsigned bytes are a view of the file; others are copies in the order of this machine. */
  readonly values: IdxValues;
}

type Read = (view: DataView, at: number) => number;

/** The types by their codes. */
const TYPES: ReadonlyMap<number, { bytes: number; make: (count: number) => IdxValues; read: Read }> = new Map(
  [
    [0x08, { bytes: 1, make: (count) => new Uint8Array(count), read: (view, at) => view.getUint8(at) }],
    [0x09, { bytes: 1, make: (count) => new Int8Array(count), read: (view, at) => view.getInt8(at) }],
    [0x0b, { bytes: 2, make: (count) => new Int16Array(count), read: (view, at) => view.getInt16(at) }],
    [0x0c, { bytes: 4, make: (count) => new Int32Array(count), read: (view, at) => view.getInt32(at) }],
    [0x0d, { bytes: 4, make: (count) => new Float32Array(count), read: (view, at) => view.getFloat32(at) }],
    [0x0e, { bytes: 8, make: (count) => new Float64Array(count), read: (view, at) => view.getFloat64(at) }],
  ],
);

/**
 * Reads an IDX file that is not compressed: the format of MNIST and its successors.
 *
 * Layout, big-endian: two zero bytes, the type (0x08: unsigned byte), the rank, one u32 per dimension, then the values in
 * row-major order. Source: https://yann.lecun.com/exdb/mnist/, "The IDX file format".
 *
 * @param file names the file in errors
 * @throws DataFormatError when the first bytes are others, or the length is not the one that the sizes give
 */
export function parseIdx(bytes: Uint8Array, file: string): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 && view.getUint16(0) === 0 ? TYPES.get(view.getUint8(2)) : undefined;
  if (!type) {
    throw new DataFormatError(file, 'not an IDX file', {
      takes: `two zero bytes and a type: ${[...TYPES.keys()].map(hex).join(', ')}`,
      got: bytes.length === 0 ? 'nothing' : [...bytes.subarray(0, 4)].map(hex).join(' '),
    });
  }
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new DataFormatError(file, 'too short for an IDX header', {
      takes: `at least ${start} bytes for ${rank} dimensions`,
      got: `${bytes.length} bytes`,
    });
  }
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = sizes.reduce((product, size) => product * size, 1);
  // The header may be wrong: it is compared with the length before anything is sized by it.
  const expected = start + type.bytes * count;
  if (bytes.length !== expected) {
    const problem = bytes.length < expected ? 'truncated, or its header lies' : 'longer than its header says';
    throw new DataFormatError(file, problem, {
      takes: `${expected} bytes for sizes [${sizes.join(', ')}]`,
      got: `${bytes.length} bytes`,
    });
  }
  // Not bytes.subarray: that of a Buffer is a Buffer, whose slice() does not copy as a typed array's does.
  if (view.getUint8(2) === 0x08) {
    return { sizes, values: new Uint8Array(bytes.buffer, bytes.byteOffset + start, count) };
  }
  const values = type.make(count);
  for (let at = 0; at < count; at++) values[at] = type.read(view, start + at * type.bytes);
  return { sizes, values };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
