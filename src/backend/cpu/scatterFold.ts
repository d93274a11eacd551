import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

const { PROD, MAX, MIN } = codes.scatterFold;

export const scatterFold: Twin<'scatterFold'> = (
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
      if (OPERATION === PROD && (INCLUDED || at > first)) total *= value;
      else if (!INCLUDED && at === first) total = value;
      else if (OPERATION === MAX) total = total > value || Number.isNaN(total) ? total : value;
      else if (OPERATION === MIN) total = total < value || Number.isNaN(total) ? total : value;
      else total = value;
    }
    out[element] = total;
  }
};
