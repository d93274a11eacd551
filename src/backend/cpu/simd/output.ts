import type { Plan, SimdModule } from './module.ts';

/** The fields of a job that describe the output of a convolution. */
export interface Output {
  /** Addresses. */
  out: number;
  bias: number;
  /** Whether there is a bias, and a relu: 0 or 1. */
  hasBias: number;
  relu: number;
  /** Images · groups. */
  parts: number;
  groups: number;
  /** Channels of a group, and their sizes. */
  rows: number;
  height: number;
  width: number;
}

/** Cuts `runs` neighbouring positions of each part into tasks, in pairs, because a tile takes two. */
export function cutRuns(
  module: SimdModule,
  parts: number,
  runs: number,
  work: number,
): { taskRuns: number; plan: Plan } {
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / parts);
  const taskRuns = Math.ceil(runs / cuts / 2) * 2;
  return { taskRuns, plan: { tasks: parts * Math.ceil(runs / taskRuns), work } };
}
