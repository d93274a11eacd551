import { UnavailableError } from '../errors.ts';

export interface BatcherOptions {
  /** Images of one batch. */
  readonly batchSize: number;
  /** Milliseconds for which the first image of a batch waits for others. */
  readonly delay: number;
  /** The most images that may wait. */
  readonly queueLimit: number;
  /** Called after each batch. */
  readonly onBatch?: (images: number, seconds: number) => void;
}

/** Images that arrived together and are answered together. */
interface Job<Image, Answer> {
  readonly images: readonly Image[];
  readonly signal: AbortSignal | undefined;
  resolve(answers: Answer[]): void;
  reject(error: unknown): void;
}

/** Answers batches. All batches of one session use one model. */
export type Session<Image, Answer> = (batch: readonly Image[]) => Promise<Answer[]>;

/**
 * Collects the images of many requests into batches, which run one after the other. A batch starts when it is full, or
 * when its first image has waited long enough. While one batch runs, the next one collects. Jobs are taken in order and
 * as a whole, so one model answers all images of a job even if models are swapped in the meantime.
 */
export class Batcher<Image, Answer> {
  readonly #options: BatcherOptions;
  readonly #openSession: () => Session<Image, Answer>;
  readonly #queue: Job<Image, Answer>[] = [];
  #waiting = 0;
  #running = false;
  #wake: (() => void) | undefined;

  /** @param openSession called for every group of jobs; throws if no model is ready */
  constructor(openSession: () => Session<Image, Answer>, options: BatcherOptions) {
    this.#openSession = openSession;
    this.#options = options;
  }

  /** Images that are waiting. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Answers images, in order.
   *
   * @param signal if it aborts before the images are taken, they are dropped
   * @throws UnavailableError if they do not fit into the queue
   */
  run(images: readonly Image[], signal?: AbortSignal): Promise<Answer[]> {
    if (images.length === 0) return Promise.resolve([]);
    const { queueLimit } = this.#options;
    if (this.#waiting + images.length > queueLimit) {
      const text = `${this.#waiting} images are waiting, and ${images.length} more do not fit: at most ${queueLimit} may wait`;
      return Promise.reject(new UnavailableError(text));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ images, signal, resolve, reject });
      this.#waiting += images.length;
      if (this.#waiting >= this.#options.batchSize) this.#wake?.();
      if (!this.#running) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0) {
      await this.#gather();
      await this.#answer(this.#take());
    }
    this.#running = false;
  }

  /** Waits until a batch is full or the delay has passed. */
  async #gather(): Promise<void> {
    const { batchSize, delay } = this.#options;
    if (this.#waiting >= batchSize || delay === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Takes the jobs of one batch, or one job that needs several batches. */
  #take(): Job<Image, Answer>[] {
    const taken: Job<Image, Answer>[] = [];
    let images = 0;
    for (let job = this.#queue[0]; job; job = this.#queue[0]) {
      if (images > 0 && images + job.images.length > this.#options.batchSize) break;
      this.#queue.shift();
      this.#waiting -= job.images.length;
      if (job.signal?.aborted) {
        job.reject(job.signal.reason);
        continue;
      }
      images += job.images.length;
      taken.push(job);
    }
    return taken;
  }

  async #answer(jobs: readonly Job<Image, Answer>[]): Promise<void> {
    if (jobs.length === 0) return;
    const { batchSize, onBatch } = this.#options;
    const images = jobs.flatMap((job) => job.images);
    try {
      const session = this.#openSession();
      const answers: Answer[] = [];
      for (let start = 0; start < images.length; start += batchSize) {
        const batch = images.slice(start, start + batchSize);
        const began = performance.now();
        answers.push(...(await session(batch)));
        onBatch?.(batch.length, (performance.now() - began) / 1000);
      }
      let at = 0;
      for (const job of jobs) job.resolve(answers.slice(at, (at += job.images.length)));
    } catch (error) {
      for (const job of jobs) job.reject(error);
    }
  }
}
