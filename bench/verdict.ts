import type { Workload } from './workloads.ts';

/** Whether a contender did the same work as the one it is compared with. */
export interface Verdict {
  readonly same: boolean;
  /** The greatest difference, relative to what it is measured by. */
  readonly difference: number;
  /** What differs, for people. */
  readonly reason?: string;
}

/** Of the fall of the reference's loss: a learning rate that is off by a twentieth shows. */
const LOSS_TOLERANCE = 0.02;
/** Of the greatest magnitude in the reference's sample: float32, whatever the order of the sums. */
const RESULT_TOLERANCE = 1e-3;

/**
 * Compares results: elements of a kernel's output, or the losses of the first training steps, which have to fall as the
 * reference's do.
 */
export function judge(workload: Workload, values: readonly number[], reference: readonly number[]): Verdict {
  return workload.kind === 'training' ? judgeLosses(values, reference) : judgeResults(values, reference);
}

function judgeResults(values: readonly number[], reference: readonly number[]): Verdict {
  if (values.length !== reference.length) {
    return {
      same: false,
      difference: NaN,
      reason: `${values.length} elements instead of ${reference.length}`,
    };
  }
  const scale = Math.max(...reference.map(Math.abs));
  const difference = greatest(values, reference) / scale;
  if (difference <= RESULT_TOLERANCE) return { same: true, difference };
  return {
    same: false,
    difference,
    reason: `its result differs by ${difference.toPrecision(2)} of the greatest element`,
  };
}

function judgeLosses(values: readonly number[], reference: readonly number[]): Verdict {
  const steps = Math.min(values.length, reference.length);
  if (steps < 2) return { same: false, difference: NaN, reason: 'too few losses to compare' };
  const own = values.slice(0, steps);
  const theirs = reference.slice(0, steps);
  const fall = theirs[0]! - theirs.at(-1)!;
  const difference = greatest(own, theirs) / fall;
  if (!(own.at(-1)! < own[0]!)) return { same: false, difference, reason: 'its loss does not fall' };
  if (difference <= LOSS_TOLERANCE) return { same: true, difference };
  return {
    same: false,
    difference,
    reason: `its loss after ${steps} steps is ${own.at(-1)!.toFixed(4)}, not ${theirs.at(-1)!.toFixed(4)}`,
  };
}

function greatest(values: readonly number[], reference: readonly number[]): number {
  return Math.max(...values.map((value, index) => Math.abs(value - reference[index]!)));
}
