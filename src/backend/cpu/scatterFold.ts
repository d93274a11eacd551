import { codes } from '../signatures.ts';
import { checkIndex } from './gather.ts';
import type { Twin } from './twin.ts';

const { PROD, MAX, MIN } = codes.scatterFold;

function fold(operation: number, total: number, value: number): number {
  if (operation === PROD) return total * value;
  if (operation === MAX) return total > value || Number.isNaN(total) ? total : value;
  if (operation === MIN) return total < value || Number.isNaN(total) ? total : value;
  return value;
}

export const scatterFold: Twin<'scatterFold'> = (buffers, params, variant) => {
  (variant.BY_PLACE ? foldByPlace : foldInOrder)(buffers, params, variant);
};

const foldInOrder: Twin<'scatterFold'> = (
  { base, x, ends, order, out },
  { size, length, count, inner, baseOffset, offset },
  { OPERATION = 0, INCLUDED = true, SHARED = false },
) => {
  for (let element = 0; element < size; element++) {
    const r = element % inner;
    const rows = Math.floor(element / inner);
    const j = rows % length;
    const o = Math.floor(rows / length);
    const column = SHARED ? 0 : o * inner + r;
    const place = column * length + j;
    const source = offset + o * count * inner + r;
    const last = ends[place]!;
    const first = j === 0 ? 0 : ends[place - 1]!;
    let total = base[baseOffset + element]!;
    for (let at = first; at < last; at++) {
      const value = x[source + order[column * count + at]! * inner]!;
      total = !INCLUDED && at === first ? value : fold(OPERATION, total, value);
    }
    out[element] = total;
  }
};

/** One pass over the entries. Products are in float64. */
const foldByPlace: Twin<'scatterFold'> = (
  { base, x, order: indices, out },
  { size, length, count, inner, baseOffset, offset, indexOffset, outerStride, countStride, innerStride },
  { OPERATION = 0, INCLUDED = true },
) => {
  const totals = Float64Array.from({ length: size }, (_, element) => base[baseOffset + element]!);
  const isOpen = new Uint8Array(size).fill(Number(!INCLUDED));
  let entry = offset;
  for (let o = 0; o * length * inner < size; o++) {
    for (let i = 0; i < count; i++) {
      for (let r = 0; r < inner; r++, entry++) {
        const j = indices[indexOffset + o * outerStride + i * countStride + r * innerStride]!;
        checkIndex('scatter', j, length);
        const place = (o * length + j) * inner + r;
        totals[place] = isOpen[place] ? x[entry]! : fold(OPERATION, totals[place]!, x[entry]!);
        isOpen[place] = 0;
      }
    }
  }
  out.set(totals);
};
