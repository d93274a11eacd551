import type { Params } from '../backend.ts';
import { WgradError } from '../errors.ts';
import type { Twin } from './twin.ts';

/** Calls `row(o, i, at)` for every run along the innermost axis; `at` is the position of its first index. */
function eachRun(p: Params<'gather'>, outer: number, row: (o: number, i: number, at: number) => void): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < p.count; i++) row(o, i, p.indexOffset + o * p.outerStride + i * p.countStride);
  }
}

function checkIndex(name: string, index: number, length: number): void {
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
