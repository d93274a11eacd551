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

  /** Something has changed. An error is thrown by `flush`. */
  changed(): void {
    this.#dirty = true;
    if (this.#writing) return;
    this.#writing = this.#loop();
    this.#writing.catch(() => undefined);
  }

  /** Waits until the last change is written. */
  async flush(): Promise<void> {
    this.#flushing.abort();
    await this.#writing;
    this.#flushing = new AbortController();
  }

  async #loop(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      const start = performance.now();
      await this.#write();
      const took = performance.now() - start;
      const pause = sleep(took / SHARE - took, undefined, { signal: this.#flushing.signal });
      await pause.catch(() => undefined);
    }
    this.#writing = undefined;
  }
}
