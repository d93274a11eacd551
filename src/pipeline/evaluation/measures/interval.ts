/** The 97.5 % quantile of the standard normal distribution: of a two-sided 95 % interval. */
export const Z_95 = 1.959963984540054;

/**
 * Wilson's score interval for a proportion, in which p̂ = hits / n:
 *
 *     (p̂ + z²/2n ± z √(p̂(1 - p̂)/n + z²/4n²)) / (1 + z²/n)
 *
 * It stays within [0, 1], and holds for proportions near 0 and 1, where p̂ ± z √(p̂(1 - p̂)/n) does not.
 *
 * @param hits a count from 0 to n
 * @param n at least 1
 * @returns [lower, upper]
 * @example wilsonInterval(9224, 10_000) // [0.9170, 0.9275]
 *
 * Source: Wilson: Probable inference, the law of succession, and statistical inference (1927).
 */
export function wilsonInterval(hits: number, n: number, z: number = Z_95): [number, number] {
  const share = hits / n;
  const shrink = 1 + (z * z) / n;
  const center = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  // At the ends the exact values are 0 and 1; rounding must not exceed them.
  return [
    hits === 0 ? 0 : Math.max(0, (center - spread) / shrink),
    hits === n ? 1 : Math.min(1, (center + spread) / shrink),
  ];
}
