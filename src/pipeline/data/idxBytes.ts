/**
 * The IDX format of MNIST and its successors: unsigned bytes, images (rank 3) and labels (rank 1).
 *
 * Layout, big-endian: two zero bytes, the type (0x08: unsigned byte), the rank, one u32 per dimension,
 * then the data in row-major order. Source: https://yann.lecun.com/exdb/mnist/, "The IDX file format".
 *
 * This file needs no Node, so that the page reads the data with it, too.
 */
import { DataError } from './errors.ts';

/** Grey images of one size. `pixels` is uint8[count, rows, columns]. */
export interface IdxImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads a plain IDX image file.
 *
 * @param label names the file in errors
 * @returns images whose `pixels` are a view of the input
 * @throws DataError when the magic number, a size or the length is wrong
 */
export function parseIdxImages(bytes: Uint8Array, label: string): IdxImages {
  const { sizes, body } = parseIdx(bytes, 3, label);
  const [count = 0, rows = 0, columns = 0] = sizes;
  if (rows === 0 || columns === 0) {
    throw new DataError(`${label}: images without pixels`, {
      expected: 'at least 1 × 1 pixels',
      got: `${rows} × ${columns}`,
      fix: 'the header is damaged: fetch the file again',
    });
  }
  return { count, rows, columns, pixels: body };
}

/**
 * Reads a plain IDX label file.
 *
 * @returns uint8[count], a view of the input
 * @throws DataError as {@link parseIdxImages}, and when a label is not below `classes`
 */
export function parseIdxLabels(bytes: Uint8Array, label: string, classes: number): Uint8Array {
  const { body } = parseIdx(bytes, 1, label);
  const bad = body.findIndex((value) => value >= classes);
  if (bad !== -1) {
    throw new DataError(`${label}: label out of range`, {
      expected: `labels 0 to ${classes - 1}`,
      got: `${body[bad]!} at index ${bad}`,
      fix: 'give the label file that belongs to this data set',
    });
  }
  return body;
}

function parseIdx(bytes: Uint8Array, rank: 1 | 3, label: string): { sizes: number[]; body: Uint8Array } {
  // Magic number, and a size for each axis.
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw new DataError(`${label}: too short for an IDX header`, {
      expected: `at least ${headerBytes} bytes`,
      got: `${bytes.length} bytes`,
      fix: 'the file is truncated: fetch it again',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== magicNumber(rank)) {
    throw new DataError(`${label}: wrong magic number`, {
      expected: `${hex(magicNumber(rank))} (IDX, unsigned bytes, rank ${rank})`,
      got: hex(magic),
      fix: `give an IDX ${rank === 3 ? 'image' : 'label'} file, plain or gzip`,
    });
  }
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // The header may be wrong: it is compared with the length before anything is sized by it.
  const expected = headerBytes + product(sizes);
  if (bytes.length !== expected) {
    const problem = bytes.length < expected ? 'truncated, or its header lies' : 'longer than its header says';
    throw new DataError(`${label}: ${problem}`, {
      expected: `${expected} bytes for sizes [${sizes.join(', ')}]`,
      got: `${bytes.length} bytes`,
      fix: 'fetch the file again',
    });
  }
  // Not bytes.subarray: that of a Buffer is a Buffer, whose slice() does not copy as a typed array's does.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, product(sizes));
  return { sizes, body };
}

/** The first four bytes of a file: its type and its rank. */
export function magicNumber(rank: number): number {
  return (UNSIGNED_BYTE << 8) | rank;
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
