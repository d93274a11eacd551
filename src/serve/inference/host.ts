import type { Backend } from '../../backend/backend.ts';
import { UnavailableError } from '../errors.ts';
import { openModelFolder } from '../registry/modelFolder.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { resolveModel } from '../registry/reference.ts';
import { Batcher, type BatcherOptions, type Session } from './batcher.ts';
import { Classifier } from './classifier.ts';

/** Pixels from 0 to 255, row by row. */
export type Pixels = ArrayLike<number>;

/** The class probabilities, and the model that computed them. */
export interface Answer {
  readonly probabilities: Float32Array;
  readonly model: ModelRecord;
}

export interface HostOptions extends BatcherOptions {
  /** The registry's folder. */
  readonly root: string;
  /** A reference for `resolveModel`. */
  readonly reference?: string | undefined;
  readonly openDevice: () => Promise<Backend>;
  /** Milliseconds without an answer to a batch after which the device counts as failed. */
  readonly batchTimeout: number;
  /** Milliseconds between checks for a moved alias or a failed device; 0 for no checks. */
  readonly pollInterval: number;
  /** Receives events for the log. */
  readonly onEvent?: (event: HostEvent) => void;
}

export type HostEvent =
  | { readonly kind: 'loaded'; readonly model: ModelRecord; readonly device: string }
  | { readonly kind: 'swapFailed' | 'deviceFailed' | 'recoveryFailed'; readonly error: unknown };

const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

/**
 * Keeps a model on a device and answers images with it. When the alias moves, the new model is loaded and warmed up
 * next to the old one, and replaces it between two batches. When the device fails, nothing is answered until the model
 * runs on a new one.
 */
export class ModelHost {
  readonly #options: HostOptions;
  readonly #batcher: Batcher<Pixels, Answer>;
  #device: Backend | undefined;
  #classifier: Classifier | undefined;
  /** The folder of the loaded model. */
  #path = '';
  #reason = 'the model is being loaded';
  #poll: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;
  #closed = false;
  #swapError = '';
  /** Models that a batch may still use. They are freed after it. */
  #retired: Classifier[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    this.#batcher = new Batcher(() => this.#openSession(), options);
  }

  /** Loads the model. @throws WgradError if there is none, if it is damaged, or if no device can be opened */
  async start(): Promise<void> {
    this.#device = await this.#options.openDevice();
    await this.#load(this.#device);
    const { pollInterval } = this.#options;
    if (pollInterval > 0) this.#poll = setInterval(() => void this.refresh(), pollInterval);
  }

  /** The current model, or undefined without one. */
  get model(): ModelRecord | undefined {
    return this.#classifier?.record;
  }

  get device(): string {
    return this.#device ? `${this.#device.name}: ${this.#device.description}` : 'none';
  }

  /** The reason why the service is not ready, or undefined. */
  get unreadyReason(): string | undefined {
    return this.#classifier ? undefined : this.#reason;
  }

  /** Images that are waiting. */
  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** @throws UnavailableError, or errors of the device */
  async predict(images: readonly Pixels[], signal?: AbortSignal): Promise<Answer[]> {
    if (!this.#classifier) throw new UnavailableError(this.#reason);
    return this.#batcher.run(images, signal);
  }

  /** Detects a device that failed without a request, and loads the model that the reference names now. */
  async refresh(): Promise<void> {
    if (this.#busy || this.#closed || !this.#classifier) return;
    await this.#occupy(this.#checkDevice(this.#classifier).then(() => this.#swap()));
  }

  /** Stops the checks and frees the device. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#retry);
    await this.#busy;
    this.#fail('the service is stopping');
    this.#device?.destroy();
  }

  #openSession(): Session<Pixels, Answer> {
    this.#retired.splice(0).forEach((old) => old.dispose());
    const classifier = this.#classifier;
    if (!classifier) throw new UnavailableError(this.#reason);
    return async (batch) => {
      try {
        const rows = await within(this.#options.batchTimeout, classifier.predict(batch));
        return rows.map((probabilities) => ({ probabilities, model: classifier.record }));
      } catch (error) {
        this.#recover(error, classifier);
        throw new UnavailableError(this.#reason, { cause: error });
      }
    };
  }

  async #load(device: Backend): Promise<void> {
    const { root, reference, batchSize, onEvent } = this.#options;
    const { path } = await resolveModel(root, reference);
    const classifier = await Classifier.load(device, await openModelFolder(path), batchSize);
    // The device was given up while the model was loading: ignores the model.
    if (this.#closed || device !== this.#device) return;
    if (this.#classifier) this.#retired.push(this.#classifier);
    this.#classifier = classifier;
    this.#path = path;
    this.#swapError = '';
    onEvent?.({ kind: 'loaded', model: classifier.record, device: this.device });
  }

  /** Keeps track of running work. A recovery can start while a swap is still running. */
  async #occupy(work: Promise<void>): Promise<void> {
    this.#busy = work;
    await work;
    if (this.#busy === work) this.#busy = undefined;
  }

  async #checkDevice(classifier: Classifier): Promise<void> {
    try {
      await within(this.#options.batchTimeout, classifier.device.synchronize());
    } catch (error) {
      this.#recover(error, classifier);
    }
  }

  async #swap(): Promise<void> {
    if (!this.#classifier) return;
    const { root, reference, onEvent } = this.#options;
    try {
      const { path } = await resolveModel(root, reference);
      if (path !== this.#path && this.#device) await this.#load(this.#device);
    } catch (error) {
      // The current model is intact and stays. The error is reported once, not at every check.
      if (String(error) !== this.#swapError) onEvent?.({ kind: 'swapFailed', error });
      this.#swapError = String(error);
    }
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#classifier = undefined;
    this.#retired = [];
  }

  /** After a failure the device is not trusted. It is given up, and the model is loaded on a new one. */
  #recover(error: unknown, failed: Classifier): void {
    if (this.#classifier !== failed || this.#closed) return;
    this.#fail('the device failed; the model is being loaded on a new one');
    this.#options.onEvent?.({ kind: 'deviceFailed', error });
    this.#scheduleRecovery(0);
  }

  #scheduleRecovery(delay: number): void {
    this.#retry = setTimeout(() => {
      void this.#occupy(this.#reopen(delay));
    }, delay);
  }

  async #reopen(delay: number): Promise<void> {
    try {
      this.#device?.destroy();
      this.#device = undefined;
      this.#device = await this.#options.openDevice();
      await this.#load(this.#device);
    } catch (error) {
      this.#options.onEvent?.({ kind: 'recoveryFailed', error });
      if (!this.#closed) this.#scheduleRecovery(Math.min(LAST_RETRY, Math.max(FIRST_RETRY, 2 * delay)));
    }
  }
}

/** The result of the promise, if it comes in time. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new UnavailableError(`the device did not answer within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
