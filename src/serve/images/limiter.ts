import { UnavailableError } from '../errors.ts';

/** Runs at most N functions at the same time. Others wait in order, up to a limit. */
export class Limiter {
  readonly #atOnce: number;
  readonly #queueLimit: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, queueLimit: number) {
    this.#atOnce = atOnce;
    this.#queueLimit = queueLimit;
  }

  /** @throws UnavailableError if too many wait */
  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#queue.length >= this.#queueLimit) {
        throw new UnavailableError(
          `${this.#queue.length} pictures are waiting to be decoded; the queue is full`,
        );
      }
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await body();
    } finally {
      // The slot passes to the next in the queue, or is released.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
