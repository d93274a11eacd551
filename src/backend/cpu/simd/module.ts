import { platform } from '#platform';
import type { Thread } from '../../../platform/platform.ts';
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
  readonly #module: WebAssembly.Module;
  /** Where the fields of a job are written, as integers and as float32. */
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #taken: { address: number; bytes: number }[] = [];
  #threads: number;
  /** The other threads, once they are needed. */
  #others: Thread[] | undefined;
  /** Whether this thread may sleep. A page's main thread must not. */
  readonly #maySleep: boolean;

  /**
   * @param module the result of `compileCpuModule`
   * @param threads the maximum number of threads that share a job
   */
  constructor(module: WebAssembly.Module, threads: number = Math.min(platform.parallelism, MOST_THREADS)) {
    this.#threads = threads;
    this.#module = module;
    const instance = new WebAssembly.Instance(module, { env: { memory: this.heap.memory } });
    this.exports = instance.exports as unknown as Exports;
    this.#words = this.words(this.exports.jobAddress(), MOST_FIELDS);
    this.#floats = this.floats(this.exports.jobAddress(), MOST_FIELDS);
    this.#maySleep = maySleep(this.#words);
  }

  /** Threads that share a job, including the main one. */
  get threads(): number {
    return this.#threads;
  }

  /** Starts the other threads now, and waits for them. Without them, if one cannot start, there is one thread. */
  async start(): Promise<void> {
    this.#others = this.#startOthers();
    const started = await Promise.all(this.#others.map((thread) => thread.started));
    if (started.every(Boolean)) return;
    this.destroy();
    this.#threads = 1;
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
    if (threads > 1 && wake) this.#others ??= this.#startOthers();
    const scratchSize = Math.ceil(scratch / 64) * 64;
    const before = this.#taken.length;
    const place = scratch > 0 ? this.take(scratchSize * threads) : 0;
    const { exports } = this;
    try {
      exports.run(kind, tasks, place, scratchSize, threads, Number(wake), Number(this.#maySleep));
    } catch (error) {
      // A deep recursion can leave too little stack for a task. The other threads must not go on in the next job.
      exports.abandon();
      throw error;
    }
    this.release(before);
  }

  /** The address of working memory, which belongs to the launch until it ends. */
  take(bytes: number): number {
    const address = this.tryTake(bytes);
    if (address !== undefined) return address;
    throw new OutOfMemoryError(
      `${bytes} bytes of working memory do not fit beside what is in use: use a smaller batch or model`,
    );
  }

  /** As `take`; undefined where it does not fit. */
  tryTake(bytes: number): number | undefined {
    const address = this.heap.take(bytes);
    if (address !== undefined) this.#taken.push({ address, bytes });
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
    for (const thread of this.#others ?? []) thread.end();
    this.#others = undefined;
  }

  /** A job does not need the other threads. Until they have started, the main thread does everything. */
  #startOthers(): Thread[] {
    return Array.from({ length: this.threads - 1 }, (_, index) =>
      platform.startThread({ module: this.#module, memory: this.heap.memory, thread: index + 1 }),
    );
  }
}

function maySleep(words: Int32Array): boolean {
  try {
    // Returns at once, because the word has another value, or throws.
    Atomics.wait(words, 0, words[0]! + 1, 0);
    return true;
  } catch {
    return false;
  }
}

export interface Plan {
  tasks: number;
  /** In multiplications of a product. */
  work: number;
  /** Bytes of scratch memory for each thread. */
  scratch?: number;
}
