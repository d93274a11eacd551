import { resolveObjectURL } from 'node:buffer';
import { Worker } from 'node:worker_threads';

/** What the code of a browser's worker finds in a thread of Node. */
const PRELUDE = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => globalThis.onmessage({ data }));
`;

/** A browser's Worker of a blob, as far as jax-js uses it. */
class WebWorker {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (error: Error) => void;
  readonly #thread: Promise<Worker>;

  constructor(url: string) {
    this.#thread = this.#start(url);
    this.#thread.catch((error: unknown) => this.onerror?.(error as Error));
  }

  postMessage(message: unknown): void {
    void this.#thread.then((thread) => thread.postMessage(message));
  }

  async #start(url: string): Promise<Worker> {
    const source = await resolveObjectURL(url)?.text();
    const thread = new Worker(PRELUDE + (source ?? ''), { eval: true });
    thread.on('message', (data) => this.onmessage?.({ data }));
    thread.on('error', (error) => this.onerror?.(error));
    return thread;
  }
}

/** Gives Node the global with which jax-js runs threads in a browser. */
export function provideWorkers(): void {
  Object.assign(globalThis, { Worker: WebWorker });
}
