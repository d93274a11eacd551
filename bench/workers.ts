import type { Worker } from './protocol.ts';

/** The workers of a runtime: they end together, and then none starts. */
export class Workers {
  readonly #started: Worker[] = [];
  #closed = false;

  start<W extends Worker>(open: () => W): W {
    if (this.#closed) throw new Error('the runtime is closed');
    const worker = open();
    this.#started.push(worker);
    return worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#started.map((worker) => worker.stop()));
  }
}
