import type { ContenderFacts, LaunchCounts } from './contenders/contender.ts';
import type { Workload } from './workloads.ts';

/** What the suite asks of a worker process: one line of JSON each, answered by one line, in order. */
export type Request =
  /** Opens the library and its device. */
  | { readonly action: 'open' }
  /** Makes a workload ready and gives what is compared: losses of the first steps, or elements of the result. */
  | {
      readonly action: 'prepare';
      readonly workload: Workload;
      /** Losses wanted; fewer come when they take longer than `milliseconds`, but three. */
      readonly steps: number;
      readonly milliseconds: number;
    }
  /** Does the work so often. */
  | { readonly action: 'run'; readonly calls: number }
  /** Frees the workload. */
  | { readonly action: 'release' }
  | { readonly action: 'memory' };

export interface Answers {
  open: ContenderFacts;
  prepare: { readonly values: number[]; readonly counts?: LaunchCounts };
  run: Elapsed;
  release: Record<string, never>;
  /** The most memory that the process has had, its libraries and the software driver included. */
  memory: { readonly peakBytes: number };
}

/** Time of all calls together. */
export interface Elapsed {
  readonly milliseconds: number;
  /** Of all threads of the process, added up. */
  readonly processorMilliseconds: number;
}

export type Action = Request['action'];

export type Answer<A extends Action> =
  Answers[A] | { readonly error: string; readonly unsupported?: boolean };
