import { DataError } from './errors.ts';
import { gunzip } from './gzip.ts';
import { isGzip } from './gzipBytes.ts';
import { type IdxImages, magicNumber, parseIdxImages, parseIdxLabels, product } from './idxBytes.ts';

export type { IdxImages } from './idxBytes.ts';

const LABEL = 'IDX data';

export interface IdxReadOptions {
  /** Names the file in errors; default `IDX data`. */
  readonly label?: string;
  /** The most bytes that gzip data may unpack to; default 64 MiB (the largest real file is 45 MiB). */
  readonly maxBytes?: number;
}

/**
 * Reads an IDX image file, plain or gzip.
 *
 * @returns images whose `pixels` are a view of the (decompressed) input, not a copy
 * @throws DataError when it is another file, a size or the length is wrong, or gzip data is damaged
 * @example const { count, pixels } = readIdxImages(await readFile('t10k-images-idx3-ubyte.gz'));
 */
export function readIdxImages(bytes: Uint8Array, options: IdxReadOptions = {}): IdxImages {
  const { label = LABEL } = options;
  return parseIdxImages(plainBytes(bytes, options), label);
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
  const { label = LABEL } = options;
  return parseIdxLabels(plainBytes(bytes, options), label, classes);
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

function plainBytes(
  bytes: Uint8Array,
  { label = LABEL, maxBytes = 64 * 2 ** 20 }: IdxReadOptions,
): Uint8Array {
  return isGzip(bytes) ? gunzip(bytes, maxBytes, label) : bytes;
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
