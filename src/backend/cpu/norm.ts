import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

const { EUCLIDEAN, GREATEST, POWER } = codes.norm;

/** x^p for x ≥ 0, by its form. */
function powerOf(form: number, x: number, power: number): number {
  if (form === EUCLIDEAN) return x * x;
  return form === POWER ? x ** power : x;
}

/** t^(1/p) by its form. */
function rootOf(form: number, total: number, power: number): number {
  if (form === EUCLIDEAN) return Math.sqrt(total);
  return form === POWER ? total ** (1 / power) : total;
}

export const norm: Twin<'norm'> = (
  { x, out },
  { size, chunk, offset, outOffset, power, least, most },
  { FORM = EUCLIDEAN, TERMS = true, ROOT = true },
) => {
  const isExtreme = (magnitude: number): boolean =>
    (FORM === EUCLIDEAN || FORM === POWER) &&
    (magnitude < least || magnitude > most) &&
    magnitude > 0 &&
    magnitude < Infinity;
  for (let first = 0, part = 0; first < size; first += chunk, part++) {
    // The elements add up to total + greatest^p · ratios.
    let [total, greatest, ratios] = [0, 0, 0];
    const include = (magnitude: number, count: number): void => {
      if (magnitude > greatest) {
        ratios *= powerOf(FORM, greatest / magnitude, power);
        greatest = magnitude;
      }
      ratios += count * powerOf(FORM, magnitude / greatest, power);
    };
    for (let at = first; at < Math.min(first + chunk, size); at++) {
      const value = TERMS ? Math.abs(x[offset + at]!) : x[offset + 3 * at]!;
      if (FORM === GREATEST) total = Math.max(total, value);
      else if (!TERMS) {
        total += value;
        if (x[offset + 3 * at + 1]!) include(x[offset + 3 * at + 1]!, x[offset + 3 * at + 2]!);
      } else if (isExtreme(value)) include(value, 1);
      else total += powerOf(FORM, value, power);
    }
    if (!ROOT) {
      out.set([total, greatest, ratios], outOffset + 3 * part);
      continue;
    }
    const regular = rootOf(FORM, total, power);
    const mixed = greatest > 0 && regular < Infinity;
    if (mixed) include(regular, 1);
    out[outOffset + part] = mixed ? greatest * rootOf(FORM, ratios, power) : regular;
  }
};

export const clip: Twin<'clip'> = ({ norm, gradients }, { size, offset, maxNorm }) => {
  const scale = maxNorm / (norm[0]! + 1e-6);
  if (scale >= 1) return;
  for (let at = offset; at < offset + size; at++) gradients[at] = gradients[at]! * scale;
};
