import { codes } from '../signatures.ts';
import { type PairLoop, pairRows, type Twin } from './twin.ts';

const c = codes.compare;
/** A loop for each relation. */
const loops: { readonly [code: number]: PairLoop } = {
  [c.EQ]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! === b[q]! ? 1 : 0;
  },
  [c.NE]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! === b[q]! ? 0 : 1;
  },
  [c.LT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! < b[q]! ? 1 : 0;
  },
  [c.LE]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! <= b[q]! ? 1 : 0;
  },
  [c.GT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! > b[q]! ? 1 : 0;
  },
  [c.GE]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! >= b[q]! ? 1 : 0;
  },
};

export const compare: Twin<'compare'> = (buffers, params, { OPERATION = 0 }) => {
  pairRows(loops[OPERATION]!, buffers, params);
};
