import { OverloadError } from '../inference/batcher.ts';

/** Runs at most so many things at once; others wait in order, up to a limit. */
export class Limiter {
  readonly #atOnce: number;
  readonly #queueLimit: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, queueLimit: number) {
    this.#atOnce = atOnce;
    this.#queueLimit = queueLimit;
  }

  /** @throws OverloadError where too many wait */
  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#queue.length >= this.#queueLimit) {
        throw new OverloadError(`${this.#queue.length} pictures wait to be decoded; no more may`);
      }
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await body();
    } finally {
      // The place passes to the next in line, or is given up.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
