import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

const { EUCLIDEAN, GREATEST, POWER } = codes.norm;

/** |x|^p by its form. */
function term(form: number, x: number, power: number): number {
  if (form === EUCLIDEAN) return x * x;
  return form === POWER ? Math.abs(x) ** power : Math.abs(x);
}

/** t^(1/p) by its form. */
function root(form: number, total: number, power: number): number {
  if (form === EUCLIDEAN) return Math.sqrt(total);
  return form === POWER ? total ** (1 / power) : total;
}

export const norm: Twin<'norm'> = (
  { x, out },
  { size, chunk, offset, outOffset, power },
  { FORM = EUCLIDEAN, TERMS = true, ROOT = true },
) => {
  for (let first = 0, part = 0; first < size; first += chunk, part++) {
    let total = 0;
    for (let at = first; at < Math.min(first + chunk, size); at++) {
      const value = x[offset + at]!;
      const next = TERMS ? term(FORM, value, power) : value;
      total = FORM === GREATEST ? Math.max(total, next) : total + next;
    }
    out[outOffset + part] = ROOT ? root(FORM, total, power) : total;
  }
};

export const clip: Twin<'clip'> = ({ norm, gradients }, { size, offset, maxNorm }) => {
  const scale = maxNorm / (norm[0]! + 1e-6);
  if (scale >= 1) return;
  for (let at = offset; at < offset + size; at++) gradients[at] = gradients[at]! * scale;
};
