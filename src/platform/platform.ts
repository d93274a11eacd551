/** Waits for a promise that the GPU fulfils. */
export type Wait = <T>(promise: Promise<T>) => Promise<T>;

/** A WebGPU entry point with an adapter, and how to wait for its work. */
export interface OpenedGpu {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly wait: Wait;
  /** Where a driver was found that the system does not offer by itself. */
  readonly note?: string;
}

/** What a thread of the CPU backend runs: `serve(thread)` of a module, on memory that all threads share. */
export interface ThreadTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** What differs between Node, browsers and other runtimes. `#platform` in package.json chooses the implementation. */
export interface Platform {
  /**
   * Finds a WebGPU adapter.
   *
   * @param filter part of the adapter's name; browsers do not let a page choose
   * @throws AdapterError with what was tried and the remedy
   */
  openGpu(filter?: string): Promise<OpenedGpu>;
  /** Compiles the WebAssembly module of the CPU backend. */
  compileCpuModule(): Promise<WebAssembly.Module>;
  /** Threads that run at the same time; 1 where threads cannot be started. */
  readonly parallelism: number;
  /** Starts a thread that does not keep the process alive, and returns the function that ends it. */
  startThread(task: ThreadTask): () => void;
  /** Reads a file. Where there are no files, it rejects. */
  readFile(path: string): Promise<Uint8Array>;
  /** Writes a file that holds, at every moment, either its old content or all of `parts`. */
  replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Lets the event loop turn once. */
  pause(): Promise<void>;
}

export declare const platform: Platform;
