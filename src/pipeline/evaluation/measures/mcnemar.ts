import { erf } from '../../../backend/cpu/erf.ts';
import { Z_95 } from './interval.ts';
import type { Comparison } from '../report/report.ts';

export type McNemar = Omit<Comparison, 'run' | 'weightsSha256'>;

/**
 * McNemar's test: are two classifiers equally often right on the same images? It uses the b images that only the first
 * classifies correctly, and the c that only the other does; for equally good classifiers, each of these b + c images is
 * the toss of a coin.
 *
 *     exactP      = min(1, 2 · Σ_{i ≤ min(b, c)} C(b + c, i) / 2^(b + c))
 *     chiSquared  = max(0, |b - c| - 1)² / (b + c)                    with Edwards' correction for continuity
 *     chiSquaredP = 1 - erf(√(chiSquared / 2))                        to about 1e-16, so that it can be 0
 *     difference  = (b - c) / n ± 1.96 √(b + c - (b - c)² / n) / n    in accuracy, with its 95 % interval
 *
 * Without a discordant image, p is 1.
 *
 * @param first whether the first classifier is right, an image each
 * @param other the same for the other one, and as long
 * @example mcnemar([true, true, false], [true, false, false]).onlyFirst // 1
 *
 * Source: McNemar (1947); Edwards (1948); Dietterich: Approximate statistical tests for comparing supervised
 * classification learning algorithms (1998).
 */
export function mcnemar(first: readonly boolean[], other: readonly boolean[]): McNemar {
  const images = first.length;
  const count = (a: boolean, b: boolean): number =>
    first.reduce((sum, hit, image) => sum + (hit === a && other[image] === b ? 1 : 0), 0);
  const onlyFirst = count(true, false);
  const onlyOther = count(false, true);
  const difference = (onlyFirst - onlyOther) / images;
  const discordant = onlyFirst + onlyOther;
  const spread = (Z_95 * Math.sqrt(discordant - (onlyFirst - onlyOther) ** 2 / images)) / images;
  const chiSquared =
    discordant === 0 ? 0 : Math.max(0, Math.abs(onlyFirst - onlyOther) - 1) ** 2 / discordant;
  return {
    images,
    bothRight: count(true, true),
    onlyFirst,
    onlyOther,
    bothWrong: count(false, false),
    difference,
    differenceInterval: [difference - spread, difference + spread],
    exactP: exactP(Math.min(onlyFirst, onlyOther), discordant),
    chiSquared,
    chiSquaredP: 1 - erf(Math.sqrt(chiSquared / 2)),
  };
}

/** 2 · P(X ≤ k) for X of Binomial(n, 1/2), at most 1; in logarithms, as 2^-n underflows. */
function exactP(k: number, n: number): number {
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
