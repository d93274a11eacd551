import type { Params } from '../backend.ts';
import { WgradError } from '../errors.ts';
import type { Twin } from './twin.ts';

/** The position of the index of element (o, i, r). */
function indexAt(p: Params<'gather'>, o: number, i: number, r: number): number {
  return p.indexOffset + o * p.outerStride + i * p.countStride + r * p.innerStride;
}

export const gather: Twin<'gather'> = ({ x, indices, out }, params) => {
  const { size, length, count, inner, offset } = params;
  for (let element = 0; element < size; element++) {
    const r = element % inner;
    const i = Math.floor(element / inner) % count;
    const o = Math.floor(element / (inner * count));
    const picked = indices[indexAt(params, o, i, r)]!;
    if (picked < 0 || picked >= length) {
      throw new WgradError(`gather: takes indices from 0 to ${length - 1}, got ${picked}`);
    }
    out[element] = x[offset + (o * length + picked) * inner + r]!;
  }
};

export const scatterAdd: Twin<'scatterAdd'> = ({ x, indices, out }, params) => {
  const { size, length, count, inner, offset } = params;
  const totals = new Float64Array(size);
  const outer = size / (length * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      for (let r = 0; r < inner; r++) {
        const j = indices[indexAt(params, o, i, r)]!;
        if (j < 0 || j >= length) {
          throw new WgradError(`scatterAdd: takes indices from 0 to ${length - 1}, got ${j}`);
        }
        totals[(o * length + j) * inner + r]! += x[offset + (o * count + i) * inner + r]!;
      }
    }
  }
  out.set(totals);
};
