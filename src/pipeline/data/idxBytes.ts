/**
 * MNIST's IDX files, and those of its successors: unsigned bytes, images (rank 3) and labels (rank 1).
 *
 * This file needs no Node, so that the page reads the data with it, too.
 */
import { type Idx, parseIdx } from '../../data/idxFormat.ts';
import { DataError, formatProblem } from './errors.ts';

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
 * @throws DataError when it is another file, or a size or the length is wrong
 */
export function parseIdxImages(bytes: Uint8Array, label: string): IdxImages {
  const { sizes, body } = parse(bytes, 3, label);
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
  const { body } = parse(bytes, 1, label);
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

function parse(
  bytes: Uint8Array,
  rank: 1 | 3,
  label: string,
): { sizes: readonly number[]; body: Uint8Array } {
  let idx: Idx;
  try {
    idx = parseIdx(bytes, label);
  } catch (error) {
    throw formatProblem(error, 'fetch the file again') ?? error;
  }
  const { sizes, values } = idx;
  if (sizes.length === rank && values instanceof Uint8Array) return { sizes, body: values };
  throw new DataError(`${label}: no IDX file of ${rank === 3 ? 'images' : 'labels'}`, {
    expected: `unsigned bytes in ${rank} dimension${rank === 1 ? '' : 's'}`,
    got: `${values.constructor.name.replace('Array', '').toLowerCase()} of sizes [${sizes.join(', ')}]`,
    fix: `give an IDX ${rank === 3 ? 'image' : 'label'} file, plain or gzip`,
  });
}

/** The first four bytes of a file: its type and its rank. */
export function magicNumber(rank: number): number {
  return (UNSIGNED_BYTE << 8) | rank;
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
