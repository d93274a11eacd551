import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { OutOfMemoryError } from '../../errors.ts';
import { Heap } from './heap.ts';

/** What kernels/wasm/index.ts exports. Numbers are 32-bit; addresses are in bytes. */
interface Exports {
  jobAddress(): number;
  run(kind: number, tasks: number, scratch: number, scratchSize: number, threads: number, wake: number): void;
  matmulScratch(taskColumns: number): number;
  windowScratch(rows: number): number;
  weightScratch(rows: number, taskColumns: number, steps: number): number;
  packFilters(
    from: number,
    to: number,
    table: number,
    groups: number,
    groupStride: number,
    rows: number,
    rowStride: number,
    depth: number,
  ): void;
  packLanes(
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    step: number,
    depth: number,
    to: number,
    toStep: number,
  ): void;
  winogradScratch(depth: number): number;
  transformFilters(
    from: number,
    to: number,
    groups: number,
    groupStride: number,
    rows: number,
    rowStride: number,
    depth: number,
    depthStride: number,
    flipped: number,
  ): void;
  threesWeightScratch(rows: number, channels: number): number;
  winogradWeightScratch(rows: number, depth: number, steps: number): number;
  normaliseBytes(bytes: number, count: number, center: number, scale: number, out: number): void;
}

/** The kinds of jobs, as kernels/wasm/threads.ts numbers them. */
export const kinds = {
  matmul: 0,
  pad: 1,
  window: 2,
  weight: 3,
  elementwise: 4,
  pool: 5,
  poolGradient: 6,
  adam: 7,
  dropout: 8,
  batchNormStatistics: 9,
  batchNormSums: 10,
  batchNorm: 11,
  batchNormGradient: 12,
  winograd: 13,
  rowTotals: 14,
  softmax: 15,
  winogradWeight: 16,
  runSums: 17,
  rowSums: 18,
  reluGradient: 19,
  threes: 20,
  threesWeight: 21,
  poolHalvesGradient: 22,
  winogradFinish: 23,
} as const;

/** Multiplications that are worth a thread which is awake, and a job's that is worth waking one: some 8 and 60 µs. */
const WORTH_A_THREAD = 2 ** 17;
const WORTH_WAKING = 2 ** 20;
const MOST_THREADS = 16;

// A helping thread is a few lines of JavaScript, as it has no loader of types: all that it does is in the module.
const HELPER = `
const { workerData } = require('node:worker_threads');
const { module, memory, thread } = workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.serve(thread);
`;

/** The WebAssembly module with its memory and threads. */
export class SimdModule {
  readonly heap: Heap = new Heap();
  readonly exports: Exports;
  /** Threads that share a job, the main one included. */
  readonly threads: number;
  readonly #module: WebAssembly.Module;
  readonly #job: number;
  #workers: Worker[] | undefined;

  constructor(threads: number = Math.min(availableParallelism(), MOST_THREADS)) {
    this.threads = threads;
    this.#module = new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
    const instance = new WebAssembly.Instance(this.#module, { env: { memory: this.heap.memory } });
    this.exports = instance.exports as unknown as Exports;
    this.#job = this.exports.jobAddress();
  }

  /** How many threads a job of so many multiplications deserves. */
  threadsFor(multiplications: number): number {
    return Math.max(1, Math.min(this.threads, Math.floor(multiplications / WORTH_A_THREAD)));
  }

  /** Runs a job: `fields` in the order of its class in kernels/wasm/. */
  run(kind: keyof typeof kinds, fields: readonly number[], plan: Plan): void {
    const { tasks, work, scratch = 0 } = plan;
    // Any of the threads may come and help.
    const threads = this.threadsFor(work) > 1 ? this.threads : 1;
    const wake = work >= WORTH_WAKING;
    if (threads > 1 && wake) this.#workers ??= this.#start();
    new Int32Array(this.heap.memory.buffer, this.#job, fields.length).set(fields);
    const scratchSize = Math.ceil(scratch / 64) * 64;
    this.borrow(scratchSize * threads, (place) =>
      this.exports.run(kinds[kind], tasks, place, scratchSize, threads, Number(wake)),
    );
  }

  /** Calls `use` with the address of `bytes` of memory, and takes them back afterwards. */
  borrow(bytes: number, use: (address: number) => void): void {
    const address = this.heap.take(bytes);
    if (address === undefined) {
      throw new OutOfMemoryError(
        `${bytes} bytes of working memory do not fit beside what is in use: use a smaller batch or model`,
      );
    }
    try {
      use(address);
    } finally {
      this.heap.give(address, bytes);
    }
  }

  destroy(): void {
    for (const worker of this.#workers ?? []) void worker.terminate();
    this.#workers = undefined;
  }

  /** Threads that keep nobody from exiting. A job does not need them: until they have started, the main one does all. */
  #start(): Worker[] {
    return Array.from({ length: this.threads - 1 }, (_, index) => {
      const workerData = { module: this.#module, memory: this.heap.memory, thread: index + 1 };
      const worker = new Worker(HELPER, { eval: true, workerData, execArgv: [] });
      // One that cannot start is missing, no more: tasks are claimed only by threads that run.
      worker.on('error', () => undefined);
      worker.unref();
      return worker;
    });
  }
}

export interface Plan {
  tasks: number;
  /** In multiplications of a product. */
  work: number;
  /** Bytes of scratch memory for each thread. */
  scratch?: number;
}
