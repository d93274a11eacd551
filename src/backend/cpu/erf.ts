/**
 * The error function, 2/√π ∫₀ˣ e^(-t²) dt, to float64 precision.
 *
 * The series e^(-x²) · 2/√π · Σ 2ⁿ x^(2n+1) / (2n+1)!! has positive terms only, so nothing cancels.
 *
 * Source: Abramowitz & Stegun 7.1.6.
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  let term = size;
  let sum = size;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * Math.min(1, (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum);
}
