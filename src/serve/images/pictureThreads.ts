import type { ModelInput } from '../../pipeline/pictures/prepare.ts';
import { Thread, ThreadError } from '../threads/thread.ts';
import { within } from '../threads/within.ts';
import { Limiter } from './limiter.ts';
import type { PictureMethods } from './pictureThread.ts';

/** Seconds that decoding one picture may take: a picture of the most pixels takes one, on a busy machine several. */
const DECODE_SECONDS = 20;
/** Milliseconds after which a thread counts as hanging. Preparing a decoded picture takes less than a second. */
const HANGS = 30_000;

const MODULE = new URL('./pictureThread.ts', import.meta.url);

export interface PictureOptions {
  /** Threads: pictures that are decoded at the same time. */
  readonly decodersAtOnce: number;
  /** Pictures that may wait for a thread. */
  readonly decodeQueueLimit: number;
  /** Width times height of a picture. */
  readonly pixelLimit: number;
}

/** Decodes pictures in threads, each of which takes one picture at a time. Threads start when they are needed first. */
export class PictureThreads {
  readonly #options: PictureOptions;
  readonly #module: URL;
  readonly #limiter: Limiter;
  #threads: Thread<PictureMethods>[] = [];
  readonly #idle: Thread<PictureMethods>[] = [];

  /** @param module what each thread runs: `pictureThread.ts` */
  constructor(options: PictureOptions, module: URL = MODULE) {
    this.#options = options;
    this.#module = module;
    this.#limiter = new Limiter(options.decodersAtOnce, options.decodeQueueLimit);
  }

  /** Starts all threads. */
  async start(): Promise<void> {
    const { decodersAtOnce } = this.#options;
    await Promise.all(
      Array.from({ length: decodersAtOnce }, () => this.#use((thread) => thread.call('start'))),
    );
  }

  /**
   * Decodes and prepares a picture.
   *
   * @param input the images that the model takes
   * @returns uint8[height · width]
   * @throws PictureError for a picture that cannot be used; UnavailableError if too many wait; ThreadError if the
   *   thread ends meanwhile; the signal's reason if it aborts before a thread takes the picture
   */
  decode(bytes: Uint8Array, input: ModelInput, signal: AbortSignal): Promise<Uint8Array> {
    const limits = { pixels: this.#options.pixelLimit, seconds: DECODE_SECONDS };
    return this.#limiter.run(() => {
      signal.throwIfAborted();
      // The bytes may be a part of a larger buffer, which must stay here.
      const copy = new Uint8Array(bytes);
      return this.#use((thread) => thread.callWith([copy.buffer], 'decode', copy, limits, input));
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #use<T>(body: (thread: Thread<PictureMethods>) => Promise<T>): Promise<T> {
    const thread = this.#take();
    try {
      return await within(HANGS, body(thread), () => {
        void thread.close();
        return new ThreadError(`a picture was not decoded within ${HANGS} ms`);
      });
    } finally {
      this.#idle.push(thread);
    }
  }

  #take(): Thread<PictureMethods> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (!idle.hasEnded) return idle;
    const thread = new Thread<PictureMethods>(this.#module);
    this.#threads = [...this.#threads.filter(({ hasEnded }) => !hasEnded), thread];
    return thread;
  }
}
