import type { InitOptions } from '../../src/index.ts';
import type { CountedGpu } from './gpu.ts';

/** What a contender needs of where it runs: a process of Node, or a page. */
export interface Host {
  /** Threads that run at the same time. */
  readonly parallelism: number;
  /** WebGPU as `navigator.gpu`, with an account of what a library does with it. */
  openGpu(): Promise<CountedGpu>;
  /** Gives a library that expects a browser its `navigator`, and Workers for more than one thread. */
  offerThreads(count: number): void;
  /**
   * Loads a package of bench/package.json, or a file of one.
   *
   * @throws Error that names the remedy where it is not installed
   */
  load<T>(name: string): Promise<T>;
  /** The version of an installed package. */
  versionOf(name: string): string;
  /** The address of a package's WebAssembly files, where the package does not find them. */
  filesOf(name: string): string | undefined;
  /** What was tuned on this machine. */
  readonly tuning: NonNullable<InitOptions['tuning']>;
  /** What a reader of figures from here should know of threads. */
  readonly threadsNote?: string;
}

/** What a missing package is answered with. */
export function notInstalled(name: string, cause?: unknown): Error {
  return new Error(`${name} is not installed: npm run bench:install`, { cause });
}
