import { platform } from '#platform';
import { OutOfMemoryError } from '../../errors.ts';
import { Heap } from './heap.ts';
import { type Exports, type Fields, jobs } from './jobs.ts';

type Write<F> = (words: Int32Array, floats: Float32Array, fields: F) => void;

/** The number of multiplications that is worth another thread, and that is worth waking one: about 8 and 60 µs. */
const WORTH_A_THREAD = 2 ** 17;
const WORTH_WAKING = 2 ** 20;
const MOST_THREADS = 16;
/** The module's first page has space for 64. */
const MOST_FIELDS = 64;

/** The WebAssembly module with its memory and threads. */
export class SimdModule {
  readonly heap: Heap = new Heap();
  readonly exports: Exports;
  /** Threads that share a job, including the main one. */
  readonly threads: number;
  readonly #module: WebAssembly.Module;
  /** Where the fields of a job are written, as integers and as float32. */
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #taken: { address: number; bytes: number }[] = [];
  /** Functions that end the other threads. */
  #ends: (() => void)[] | undefined;

  /** @param module the result of `platform.compileCpuModule` */
  constructor(module: WebAssembly.Module, threads: number = Math.min(platform.parallelism, MOST_THREADS)) {
    this.threads = threads;
    this.#module = module;
    const instance = new WebAssembly.Instance(module, { env: { memory: this.heap.memory } });
    this.exports = instance.exports as unknown as Exports;
    this.#words = this.words(this.exports.jobAddress(), MOST_FIELDS);
    this.#floats = this.floats(this.exports.jobAddress(), MOST_FIELDS);
  }

  /** The number of threads for a job of this many multiplications. */
  threadsFor(multiplications: number): number {
    return Math.max(1, Math.min(this.threads, Math.floor(multiplications / WORTH_A_THREAD)));
  }

  /** Runs a job on a suitable number of threads. */
  run<Name extends keyof Fields>(name: Name, fields: Fields[Name], plan: Plan): void {
    const { kind, write } = jobs[name];
    (write as Write<Fields[Name]>)(this.#words, this.#floats, fields);
    const { tasks, work, scratch = 0 } = plan;
    // Any thread may help.
    const threads = this.threadsFor(work) > 1 ? this.threads : 1;
    const wake = work >= WORTH_WAKING;
    if (threads > 1 && wake) this.#ends ??= this.#start();
    const scratchSize = Math.ceil(scratch / 64) * 64;
    const before = this.#taken.length;
    const place = scratch > 0 ? this.take(scratchSize * threads) : 0;
    this.exports.run(kind, tasks, place, scratchSize, threads, Number(wake));
    this.release(before);
  }

  /** The address of working memory, which belongs to the launch until it ends. */
  take(bytes: number): number {
    const address = this.heap.take(bytes);
    if (address === undefined) {
      throw new OutOfMemoryError(
        `${bytes} bytes of working memory do not fit beside what is in use: use a smaller batch or model`,
      );
    }
    this.#taken.push({ address, bytes });
    return address;
  }

  /** Releases working memory: all that the launch has taken, or all after the first `kept` blocks. */
  release(kept: number = 0): void {
    while (this.#taken.length > kept) {
      const { address, bytes } = this.#taken.pop()!;
      this.heap.give(address, bytes);
    }
  }

  /** Memory at an address, as integers. */
  words(address: number, length: number): Int32Array {
    return new Int32Array(this.heap.memory.buffer, address, length);
  }

  /** Memory at an address, as float32. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.heap.memory.buffer, address, length);
  }

  destroy(): void {
    for (const end of this.#ends ?? []) end();
    this.#ends = undefined;
  }

  /** A job does not need the other threads. Until they have started, the main thread does everything. */
  #start(): (() => void)[] {
    return Array.from({ length: this.threads - 1 }, (_, index) =>
      platform.startThread({ module: this.#module, memory: this.heap.memory, thread: index + 1 }),
    );
  }
}

export interface Plan {
  tasks: number;
  /** In multiplications of a product. */
  work: number;
  /** Bytes of scratch memory for each thread. */
  scratch?: number;
}
