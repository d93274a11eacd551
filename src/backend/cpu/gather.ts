import type { Params } from '../backend.ts';
import { WgradError } from '../errors.ts';
import type { Twin } from './twin.ts';

/** Calls `row(o, i, at)` for every run along the innermost axis; `at` is the position of its first index. */
function eachRun(
  p: Omit<Params<'gather'>, 'outside'>,
  outer: number,
  row: (o: number, i: number, at: number) => void,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < p.count; i++) row(o, i, p.indexOffset + o * p.outerStride + i * p.countStride);
  }
}

export function checkIndex(name: string, index: number, length: number): void {
  if (index >= 0 && index < length) return;
  throw new WgradError(`${name}: takes indices from 0 to ${length - 1}, got ${index}`);
}

export const gather: Twin<'gather'> = ({ x, indices, out }, params) => {
  const { size, length, count, inner, offset, innerStride } = params;
  eachRun(params, size / (count * inner), (o, i, at) => {
    let element = (o * count + i) * inner;
    const start = offset + o * length * inner;
    for (let r = 0, index = at; r < inner; r++, index += innerStride) {
      const picked = indices[index]!;
      checkIndex('gather', picked, length);
      out[element++] = x[start + picked * inner + r]!;
    }
  });
};

export const scatterAdd: Twin<'scatterAdd'> = ({ x, indices, out }, params) => {
  const { size, length, count, inner, offset, innerStride } = params;
  const totals = new Float64Array(size);
  eachRun(params, size / (length * inner), (o, i, at) => {
    let element = offset + (o * count + i) * inner;
    const start = o * length * inner;
    for (let r = 0, index = at; r < inner; r++, index += innerStride) {
      const picked = indices[index]!;
      checkIndex('scatterAdd', picked, length);
      totals[start + picked * inner + r]! += x[element++]!;
    }
  });
  out.set(totals);
};

export const indexOrder: Twin<'indexOrder'> = ({ indices, ends, order }, params) => {
  const { size, ranges, length, count, inner, indexOffset, outerStride, countStride, innerStride } = params;
  for (let column = 0; column < size / ranges; column++) {
    const places = column * length;
    const start = indexOffset + Math.floor(column / inner) * outerStride + (column % inner) * innerStride;
    ends.fill(0, places, places + length);
    for (let i = 0, at = start; i < count; i++, at += countStride) {
      const j = indices[at]!;
      checkIndex('scatterAdd', j, length);
      ends[places + j]!++;
    }
    let before = 0;
    for (let place = places; place < places + length; place++) {
      const entries = ends[place]!;
      ends[place] = before;
      before += entries;
    }
    for (let i = 0, at = start; i < count; i++, at += countStride) {
      const place = places + indices[at]!;
      order[column * count + ends[place]!++] = i;
    }
  }
};

export const scatterAddOrdered: Twin<'scatterAddOrdered'> = (
  { x, ends, order, out },
  { size, length, count, inner, offset },
  { SHARED = false },
) => {
  for (let element = 0; element < size; element++) {
    const r = element % inner;
    const rows = Math.floor(element / inner);
    const j = rows % length;
    const o = Math.floor(rows / length);
    const column = SHARED ? 0 : o * inner + r;
    const place = column * length + j;
    const source = offset + o * count * inner + r;
    let total = 0;
    for (let at = j === 0 ? 0 : ends[place - 1]!; at < ends[place]!; at++) {
      total += x[source + order[column * count + at]! * inner]!;
    }
    out[element] = total;
  }
};
