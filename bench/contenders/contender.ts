import type { Workload } from '../workloads.ts';

/** What a worker process knows of itself. */
export interface ContenderFacts {
  /** Adapter and driver, or how the processor is used. */
  readonly device: string;
  /** It runs on a real GPU, no software driver. */
  readonly gpu?: boolean;
  /** Versions of the packages that take part. */
  readonly versions: Readonly<Record<string, string>>;
  /** What a reader of its figures should know. */
  readonly notes: readonly string[];
}

/** Launches on a WebGPU device, since the worker's start. */
export interface LaunchCounts {
  readonly dispatches: number;
  readonly submits: number;
}

/** One workload, with its inputs on the device. */
export interface Job {
  /** Does the work `calls` times, and waits until all of it is done. */
  run(calls: number): Promise<void>;
  /** For training: takes a step and reads its loss. For all others: elements of the result, see `sample`. */
  read(): Promise<number[]>;
  /** Frees its memory. */
  dispose(): void;
}

/** A library on one device, as the suite sees it. */
export interface Contender {
  readonly facts: ContenderFacts;
  /** @throws Unsupported where the library has no way to do it */
  prepare(workload: Workload): Promise<Job>;
  /** Present where the library runs on WebGPU. */
  counts?(): LaunchCounts;
}

/** A workload that a library cannot do; the message says what it lacks. */
export class Unsupported extends Error {
  override name = 'Unsupported';
}
