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

/** The sum of powers greatest^p · ratios, of elements whose own powers overflow or underflow. */
class Extremes {
  greatest = 0;
  ratios = 0;
  readonly #form: number;
  readonly #power: number;

  constructor(form: number, power: number) {
    this.#form = form;
    this.#power = power;
  }

  /** Adds `count` elements of one magnitude. */
  add(magnitude: number, count: number): void {
    if (magnitude > this.greatest) {
      this.ratios *= powerOf(this.#form, this.greatest / magnitude, this.#power);
      this.greatest = magnitude;
    }
    this.ratios += count * powerOf(this.#form, magnitude / this.greatest, this.#power);
  }

  /** The root of the sum with further elements, whose own norm is `regular`. */
  root(regular: number): number {
    if (this.greatest === 0 || !(regular < Infinity)) return regular;
    this.add(regular, 1);
    return this.greatest * rootOf(this.#form, this.ratios, this.#power);
  }
}

export const norm: Twin<'norm'> = (
  { x, out },
  { size, chunk, offset, outOffset, power, least, most },
  { FORM = EUCLIDEAN, TERMS = true, ROOT = true },
) => {
  const canBeExtreme = FORM === EUCLIDEAN || FORM === POWER;
  for (let first = 0, part = 0; first < size; first += chunk, part++) {
    let total = 0;
    const extremes = new Extremes(FORM, power);
    for (let at = first; at < Math.min(first + chunk, size); at++) {
      const value = TERMS ? Math.abs(x[offset + at]!) : x[offset + 3 * at]!;
      if (FORM === GREATEST) total = Math.max(total, value);
      else if (!TERMS) {
        total += value;
        const greatest = x[offset + 3 * at + 1]!;
        if (greatest > 0) extremes.add(greatest, x[offset + 3 * at + 2]!);
      } else if (canBeExtreme && (value < least || value > most) && value > 0 && value < Infinity) {
        extremes.add(value, 1);
      } else total += powerOf(FORM, value, power);
    }
    if (ROOT) out[outOffset + part] = extremes.root(rootOf(FORM, total, power));
    else out.set([total, extremes.greatest, extremes.ratios], outOffset + 3 * part);
  }
};

/** What gradients are multiplied by, unless it is at least 1. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm / (norm + 1e-6);
}

export const clip: Twin<'clip'> = ({ norm, gradients }, { size, offset, maxNorm }) => {
  const factor = clipFactor(norm[0]!, maxNorm);
  if (factor >= 1) return;
  for (let at = offset; at < offset + size; at++) gradients[at] = gradients[at]! * factor;
};
