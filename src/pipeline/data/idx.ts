/**
 * The IDX format of MNIST and its successors: unsigned bytes, images (rank 3) and labels (rank 1).
 *
 * Layout, big-endian: two zero bytes, the type (0x08: unsigned byte), the rank, one u32 per dimension,
 * then the data in row-major order. Source: https://yann.lecun.com/exdb/mnist/, "The IDX file format".
 */
import { DataError } from './errors.ts';
import { gunzip, isGzip } from './gzip.ts';

/** Grey images of one size. `pixels` is uint8[count, rows, columns]. */
export interface IdxImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint8Array;
}

export interface IdxReadOptions {
  /** Names the file in errors; default `IDX data`. */
  readonly label?: string;
  /** The most bytes that gzip data may unpack to; default 64 MiB (the largest real file is 45 MiB). */
  readonly maxBytes?: number;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX image file, plain or gzip.
 *
 * @returns images whose `pixels` are a view of the (decompressed) input, not a copy
 * @throws DataError when the magic number, a size or the length is wrong, or gzip data is damaged
 * @example const { count, pixels } = readIdxImages(await readFile('t10k-images-idx3-ubyte.gz'));
 */
export function readIdxImages(bytes: Uint8Array, options: IdxReadOptions = {}): IdxImages {
  const { sizes, body, label } = readIdx(bytes, 3, options);
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
 * Reads an IDX label file, plain or gzip.
 *
 * @returns uint8[count], a view of the (decompressed) input, not a copy
 * @throws DataError as {@link readIdxImages}, and when a label is not below `classes`
 * @example const labels = readIdxLabels(await readFile('t10k-labels-idx1-ubyte.gz'));
 */
export function readIdxLabels(
  bytes: Uint8Array,
  { classes = 10, ...options }: IdxReadOptions & { readonly classes?: number } = {},
): Uint8Array {
  const { body, label } = readIdx(bytes, 1, options);
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

/**
 * Writes images as a plain IDX file (rank 3).
 *
 * @throws DataError when `pixels` does not hold count × rows × columns bytes
 */
export function writeIdxImages(images: IdxImages): Buffer {
  return writeIdx([images.count, images.rows, images.columns], images.pixels);
}

/** Writes labels, uint8[count], as a plain IDX file (rank 1). */
export function writeIdxLabels(labels: Uint8Array): Buffer {
  return writeIdx([labels.length], labels);
}

function readIdx(
  bytes: Uint8Array,
  rank: 1 | 3,
  { label = 'IDX data', maxBytes = 64 * 2 ** 20 }: IdxReadOptions,
): { sizes: number[]; body: Uint8Array; label: string } {
  const plain = isGzip(bytes) ? gunzip(bytes, maxBytes, label) : bytes;
  // Magic number, and a size for each axis.
  const headerBytes = 4 + 4 * rank;
  if (plain.length < headerBytes) {
    throw new DataError(`${label}: too short for an IDX header`, {
      expected: `at least ${headerBytes} bytes`,
      got: `${plain.length} bytes`,
      fix: 'the file is truncated: fetch it again',
    });
  }
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
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
  if (plain.length !== expected) {
    const problem = plain.length < expected ? 'truncated, or its header lies' : 'longer than its header says';
    throw new DataError(`${label}: ${problem}`, {
      expected: `${expected} bytes for sizes [${sizes.join(', ')}]`,
      got: `${plain.length} bytes`,
      fix: 'fetch the file again',
    });
  }
  // Not plain.subarray: that of a Buffer is a Buffer, whose slice() does not copy as a typed array's does.
  const body = new Uint8Array(plain.buffer, plain.byteOffset + headerBytes, product(sizes));
  return { sizes, body, label };
}

function writeIdx(sizes: readonly number[], body: Uint8Array): Buffer {
  if (product(sizes) !== body.length) {
    throw new DataError('cannot write IDX: the sizes do not fit the data', {
      expected: `${product(sizes)} bytes for sizes [${sizes.join(', ')}]`,
      got: `${body.length} bytes`,
    });
  }
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(magicNumber(sizes.length), 0);
  sizes.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, body]);
}

function magicNumber(rank: number): number {
  return (UNSIGNED_BYTE << 8) | rank;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
