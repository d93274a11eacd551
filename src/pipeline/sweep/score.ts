import type { Evaluation, RunSummary } from '../runs/summary.ts';
import { Best, type BestOptions } from '../training/best.ts';

/** The validation of a trial, or its test where nothing was held out. */
export function judged({ validation, testAccuracy, testLoss }: RunSummary): Evaluation {
  return validation ?? { loss: testLoss, ...(testAccuracy !== undefined && { accuracy: testAccuracy }) };
}

/** The measure by which trials are ranked; NaN where the trial does not have it. */
export function valueOf(summary: RunSummary, { metric }: BestOptions): number {
  return judged(summary)[metric] ?? NaN;
}

/** A value of that measure so that more is better; -Infinity where it is not finite. */
export function scoreOf(value: number, best: BestOptions): number {
  return Number.isFinite(value) ? Best.sign(best) * value : -Infinity;
}

/** What a trial comes to, for an order of trials. */
export interface Standing {
  /** More is better; -Infinity where it has no result. */
  readonly score: number;
  /** The epoch after which it was stopped early. */
  readonly stoppedAt?: number | undefined;
}

/**
 * Compares trials, the better one first: those with a result, then those that were stopped early, the later the better, and
 * then those without a result.
 */
export function compareStandings(a: Standing, b: Standing): number {
  const [first, second] = [keysOf(a), keysOf(b)];
  const at = first.findIndex((value, index) => value !== second[index]);
  return at < 0 ? 0 : second[at]! > first[at]! ? 1 : -1;
}

function keysOf({ score, stoppedAt }: Standing): number[] {
  return [stoppedAt !== undefined ? 1 : score > -Infinity ? 2 : 0, stoppedAt ?? 0, score];
}
