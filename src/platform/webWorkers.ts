import type { Thread, ThreadTask } from './platform.ts';

// The part of the Web Workers interface that a thread needs. TypeScript declares it only among the browser's types.
interface WebWorker {
  onmessage: (() => void) | null;
  onerror: ((event: { preventDefault(): void }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}
interface WorkerScope {
  readonly Worker?: new (url: string, options: { type: 'module' }) => WebWorker;
  readonly Blob: new (parts: readonly string[], options: { type: string }) => object;
  readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void };
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
}
const web = globalThis as unknown as WorkerScope;

/** All the work of a thread is in the module. */
const THREAD = `
onmessage = ({ data: task }) => {
  const { serve } = new WebAssembly.Instance(task.module, { env: { memory: task.memory } }).exports;
  postMessage(0);
  serve(task.thread);
};
`;

/**
 * The number of threads that can run at the same time. Web Workers can share memory in a page that is cross-origin isolated.
 * Deno's can, too, but they keep the process alive.
 */
export function webParallelism(): number {
  return web.Worker && web.crossOriginIsolated === true ? (web.navigator?.hardwareConcurrency ?? 1) : 1;
}

/** Starts a Web Worker from a text, so that a bundler needs no second file. */
export function startWebWorker(task: ThreadTask): Thread {
  const url = web.URL.createObjectURL(new web.Blob([THREAD], { type: 'text/javascript' }));
  try {
    const worker = new web.Worker!(url, { type: 'module' });
    const started = new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
    });
    void started.then(() => web.URL.revokeObjectURL(url));
    worker.postMessage(task);
    return { started, end: () => worker.terminate() };
  } catch {
    // A content security policy may forbid workers.
    web.URL.revokeObjectURL(url);
    return { started: Promise.resolve(false), end: () => undefined };
  }
}
