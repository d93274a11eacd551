import { type Transferable, Worker } from 'node:worker_threads';
import { WgradError } from '../../backend/errors.ts';
import type { Methods } from './answerCalls.ts';
import { type Call, errorFrom, type Outcome, plainError } from './calls.ts';

/** Milliseconds in which a thread must end after it was asked to. */
const GRACE = 2_000;

/** MiB of objects that a thread may hold. Pixels and weights are outside of it. */
const HEAP = 1024;

/** A thread has ended before it answered. */
export class ThreadError extends WgradError {
  override name = 'ThreadError';
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A thread that runs a module of this project, whose methods can be called from here.
 *
 * When the thread ends, whatever the reason, all calls without an answer fail.
 *
 * @example
 * const thread = new Thread<PictureMethods>(new URL('./pictureThread.ts', import.meta.url));
 * await thread.call('decode', bytes, limits, 28);
 */
export class Thread<M extends Methods> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exit: Promise<unknown>;
  /** Resolves with the reason when the thread has ended without `close`. */
  readonly failed: Promise<ThreadError>;
  #next = 0;
  #end: ThreadError | undefined;
  #isClosing = false;

  /**
   * @param module calls `answerCalls`
   * @param heap MiB of objects with which it ends
   */
  constructor(module: URL, heap: number = HEAP) {
    this.#worker = startWorker(module, heap);
    let fail: (error: ThreadError) => void;
    this.failed = new Promise((resolve) => (fail = resolve));
    let cause: unknown;
    this.#worker.on('error', (error: unknown) => (cause = error));
    this.#worker.on('message', (outcome: Outcome) => this.#settle(outcome));
    this.#exit = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        const reason = cause === undefined ? `exit code ${code}` : plainError(cause).message;
        const error = new ThreadError(`a thread of the service has ended: ${reason}`, { cause });
        this.#end ??= error;
        for (const { reject } of this.#waiting.values()) reject(this.#end);
        this.#waiting.clear();
        if (!this.#isClosing) fail(error);
        resolve(undefined);
      });
    });
  }

  /** Whether it has ended, or was told to. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Calls a method. @throws ThreadError if the thread ends before it answers */
  call<K extends keyof M & string>(method: K, ...args: Parameters<M[K]>): Promise<Awaited<ReturnType<M[K]>>> {
    return this.callWith([], method, ...args);
  }

  /** As `call`; the thread receives the buffers in `transfer` instead of copies of them. */
  callWith<K extends keyof M & string>(
    transfer: readonly Transferable[],
    method: K,
    ...args: Parameters<M[K]>
  ): Promise<Awaited<ReturnType<M[K]>>> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#post({ id, method, args }, transfer);
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  /** Ends the thread, by force if it does not end in time. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#end ??= new ThreadError('the thread was closed');
      this.#post({ id: this.#next++, method: undefined, args: [] });
    }
    const force = setTimeout(() => void this.#worker.terminate(), GRACE);
    await this.#exit;
    clearTimeout(force);
  }

  #post(call: Call, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(call, transfer);
  }

  #settle({ id, value, error }: Outcome): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(errorFrom(error));
    else waiting?.resolve(value);
  }
}

/** Node 20 cannot load TypeScript in a thread, also where the main thread does: the thread then registers tsx itself. */
function startWorker(module: URL, heap: number): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: heap };
  if ('typescript' in process.features && process.features.typescript) {
    return new Worker(module, { resourceLimits });
  }
  const imports = [import.meta.resolve('tsx/esm/api'), module.href].map((url) => JSON.stringify(url));
  const code = `import(${imports[0]}).then(({ register }) => { register(); return import(${imports[1]}); });`;
  return new Worker(code, { eval: true, execArgv: [], resourceLimits });
}
