import { setTimeout as sleep } from 'node:timers/promises';

/** The share of the time that may go into writing: a table of 10,000 trials has megabytes. */
const SHARE = 0.1;

/** Calls `write` after changes, at once after the first: once for all that come while it writes, and seldom if it is slow. */
export class CoalescedWriter {
  readonly #write: () => Promise<void>;
  #dirty = false;
  #writing: Promise<void> | undefined;
  #flushing = new AbortController();

  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Something has changed. What cannot be written now is written with the next change, or by `flush`. */
  changed(): void {
    this.#dirty = true;
    this.#writing ??= this.#loop().catch(() => undefined);
  }

  /** Waits until the last change is written. @throws what `write` throws */
  async flush(): Promise<void> {
    this.#flushing.abort();
    await this.#writing;
    this.#flushing = new AbortController();
    if (this.#dirty) await this.#writeOnce();
  }

  async #loop(): Promise<void> {
    try {
      while (this.#dirty) {
        const start = performance.now();
        await this.#writeOnce();
        const took = performance.now() - start;
        const pause = sleep(took / SHARE - took, undefined, { signal: this.#flushing.signal });
        await pause.catch(() => undefined);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeOnce(): Promise<void> {
    this.#dirty = false;
    try {
      await this.#write();
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }
}
