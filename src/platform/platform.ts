/** Waits for a promise that the GPU fulfils. */
export type Wait = <T>(promise: Promise<T>) => Promise<T>;

/** A WebGPU entry point with an adapter, and a way to wait for its work. */
export interface OpenedGpu {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly wait: Wait;
  /** The path of a driver that was found outside the system's search path. */
  readonly note?: string;
}

/** The task of a CPU backend thread: `serve(thread)` of a module, on memory that all threads share. */
export interface ThreadTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** A thread that `startThread` has started. */
export interface Thread {
  /** Becomes true when the thread runs, false if it cannot start. */
  readonly started: Promise<boolean>;
  end(): void;
}

/**
 * The differences between Node, browsers and other runtimes. `#platform` in package.json chooses the implementation.
 */
export interface Platform {
  /**
   * Finds a WebGPU adapter.
   *
   * @param filter part of the adapter's name; browsers do not let a page choose
   * @throws AdapterError with what was tried and the remedy
   */
  openGpu(filter?: string): Promise<OpenedGpu>;
  /** The number of threads that can run at the same time; 1 if threads cannot be started. */
  readonly parallelism: number;
  /**
   * Whether a thread starts only while its creator's event loop runs. A training loop need not return to it, so such threads
   * start when the device opens. Others start with the first job that is worth it.
   */
  readonly threadsNeedEventLoop: boolean;
  /** Whether the CPU backend takes the build with relaxed SIMD: where it has fused multiply-add, unless WGRAD_WASM=plain forbids it. */
  readonly relaxedSimd: boolean;
  /** Starts a thread that does not keep the process alive. */
  startThread(task: ThreadTask): Thread;
  /** Reads a file. Rejects if the runtime has no files. */
  readFile(path: string): Promise<Uint8Array>;
  /** Writes a file atomically: it always contains either its old content or all of `parts`. */
  replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Waits for one turn of the event loop. */
  pause(): Promise<void>;
}

export declare const platform: Platform;
