import type { ContenderFacts, LaunchCounts } from './contenders/contender.ts';
import type { Entry } from './contenders/list.ts';
import type { FirstStep } from './node/firstStep.ts';
import type { NetworkWorkload, Workload } from './workloads.ts';

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

/** A contender that the suite asks, wherever it runs. */
export interface Worker {
  readonly entry: Entry;
  /** It was stopped, or ended unasked. */
  readonly ended: boolean;
  /**
   * Asks, and waits for the answer.
   *
   * @throws ContenderError when it refuses, ends, or takes longer than `seconds`; then it is stopped
   */
  ask<A extends Action>(request: Extract<Request, { action: A }>, seconds: number): Promise<Answers[A]>;
  stop(): Promise<void>;
}

/** Where contenders run. */
export interface Runtime {
  /** The browser and its version, where contenders run in one. */
  readonly browser?: string;
  /** @throws Error once it is closed */
  start(entry: Entry): Worker;
  /** Times first steps, where that is of interest. */
  firstSteps?(entry: Entry, workload: NetworkWorkload, starts: number): Promise<FirstStep[]>;
  /** Stops all contenders. */
  close(): Promise<void>;
}

/** Why a contender did not answer. */
export class ContenderError extends Error {
  override name = 'ContenderError';
  /** The library says that it cannot do this; its process goes on. */
  readonly unsupported: boolean;

  constructor(message: string, unsupported: boolean = false) {
    super(message);
    this.unsupported = unsupported;
  }
}

/** The answer, if it is one. */
export function accepted<A extends Action>(answer: Answer<A>): Answers[A] {
  if ('error' in answer) throw new ContenderError(answer.error, answer.unsupported);
  return answer;
}
