/**
 * Functions whose results are the same bits in every JavaScript engine.
 *
 * The language does not define the last bits of `Math.exp`, `log`, `sin` and `cos`, and engines differ. IEEE 754 defines
 * sums, products, quotients and square roots of doubles; these functions use nothing else. Their relative error is about
 * 1e-15, unless stated otherwise.
 */

const LN2 = 0.6931471805599453;

/**
 * e^x, for |x| up to some hundreds: Taylor's series at x / 2^n, squared n times. Squaring doubles the relative error,
 * at most 2.5e-16 · 2^n in all, which is below 8e-15 (1 + |x|).
 */
export function exp(x: number): number {
  let doublings = 0;
  let reduced = x;
  while (Math.abs(reduced) > 0.0625) {
    reduced /= 2;
    doublings++;
  }
  let sum = 1;
  for (let order = 12; order > 0; order--) sum = 1 + (reduced / order) * sum;
  for (; doublings > 0; doublings--) sum *= sum;
  return sum;
}

/** ln x for x > 0: x = m · 2^n, and ln m = 2 artanh((m - 1) / (m + 1)) by its series. */
export function log(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > 1.5; exponent++) mantissa /= 2;
  for (; mantissa < 0.75; exponent--) mantissa *= 2;
  const t = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let order = 25; order > 0; order -= 2) sum = 1 / order + t * t * sum;
  return 2 * t * sum + exponent * LN2;
}

/** sin x for |x| ≤ 4, by Taylor's series. */
export function sin(x: number): number {
  let sum = 1;
  for (let order = 32; order > 0; order -= 2) sum = 1 - ((x * x) / (order * (order + 1))) * sum;
  return x * sum;
}

/** cos x for |x| ≤ 4, by Taylor's series. */
export function cos(x: number): number {
  let sum = 1;
  for (let order = 31; order > 0; order -= 2) sum = 1 - ((x * x) / (order * (order + 1))) * sum;
  return sum;
}

/** (a0 + a1 x + a2 x² …) */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * The number below which a standard normal variable stays with probability p, to 7 digits.
 *
 * Source: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", 1988, PPND7.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    const above = polynomial([3.3871327179, 50.434271938, 159.291132, 59.10937472], r);
    return (q * above) / polynomial([1, 17.895169469, 78.757757664, 67.1875636], r);
  }
  const r = Math.sqrt(-log(q < 0 ? p : 1 - p));
  const tail =
    r <= 5
      ? polynomial([1.4234372777, 2.75681539, 1.3067284816, 0.17023821103], r - 1.6) /
        polynomial([1, 0.7370016425, 0.12021132975], r - 1.6)
      : polynomial([6.657905115, 3.081226386, 0.42868294337, 0.017337203997], r - 5) /
        polynomial([1, 0.24197894225, 0.012258202635], r - 5);
  return q < 0 ? -tail : tail;
}
