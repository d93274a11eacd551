import type { TypedArray } from '../dtypes.ts';
import type { Twin } from './twin.ts';

/** Whether b comes before a. NaN is greatest. */
function precedes(b: number, a: number, descending: boolean): boolean {
  if (descending) return b > a || (Number.isNaN(b) && !Number.isNaN(a));
  return b < a || (Number.isNaN(a) && !Number.isNaN(b));
}

export const mergeRuns: Twin<'mergeRuns'> = (
  { x, order, out },
  { size, length, keep, width, offset },
  { FIRST = false, DESCENDING = false },
) => {
  for (let row = 0; row < size; row += length) {
    for (let start = 0; start < length; start += FIRST ? width : 2 * width) {
      if (FIRST) insert(x, out, row, offset, start, Math.min(start + width, length), keep, DESCENDING);
      else
        merge(x, order, out, row, offset, start, Math.min(width, length - start), length, keep, DESCENDING);
    }
  }
};

/** Sorts positions from start to end by insertion, and keeps the first of them. */
function insert(
  x: TypedArray,
  out: TypedArray,
  row: number,
  offset: number,
  start: number,
  end: number,
  keep: number,
  descending: boolean,
): void {
  const source = offset + row;
  const first = row + start;
  const last = first + keep;
  for (let position = start; position < end; position++) {
    const value = x[source + position]!;
    let place = row + position;
    if (place >= last) {
      place = last - 1;
      if (!precedes(value, x[source + out[place]!]!, descending)) continue;
    }
    for (; place > first; place--) {
      const previous = out[place - 1]!;
      if (!precedes(value, x[source + previous]!, descending)) break;
      out[place] = previous;
    }
    out[place] = position;
  }
}

/** Merges the run from start with the one behind it. */
function merge(
  x: TypedArray,
  order: TypedArray,
  out: TypedArray,
  row: number,
  offset: number,
  start: number,
  width: number,
  length: number,
  keep: number,
  descending: boolean,
): void {
  const source = offset + row;
  let left = row + start;
  let right = left + width;
  const leftEnd = left + Math.min(width, keep);
  const rightEnd = right + Math.max(0, Math.min(width, keep, length - start - width));
  const end = Math.min(leftEnd - left + rightEnd - right, keep) + left;
  for (let place = left; place < end; place++) {
    if (right === rightEnd) out[place] = order[left++]!;
    else if (left === leftEnd) out[place] = order[right++]!;
    else {
      const [a, b] = [order[left]!, order[right]!];
      const rightFirst = precedes(x[source + b]!, x[source + a]!, descending);
      out[place] = rightFirst ? b : a;
      if (rightFirst) right++;
      else left++;
    }
  }
}
