import { UnavailableError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { resolveModel } from '../registry/reference.ts';
import { markServed, type Release } from '../registry/served.ts';
import { within } from '../threads/within.ts';
import { Batcher, type BatcherOptions, type Session } from './batcher.ts';
import type { Engine, LoadedModel, Pixels } from './engine.ts';

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
  /** Opens a device for the model. After a failure it is called again. */
  readonly openEngine: () => Promise<Engine>;
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

const OTHER_IMAGES =
  'the model was replaced by one that takes images of another size; send the request again';
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

/**
 * Keeps one model on a device of its own and answers images with it. When the alias moves, the new model is loaded and
 * warmed up next to the old one, and replaces it between two batches. When the device fails, nothing is answered until
 * the model runs on a new one.
 */
export class ModelHost {
  readonly #options: HostOptions;
  readonly #batcher: Batcher<Pixels, Answer>;
  #engine: Engine | undefined;
  /** An engine that has failed, until it is closed. */
  #failed: Engine | undefined;
  #model: LoadedModel | undefined;
  /** The folder of the loaded model. */
  #path = '';
  #name = '';
  /** Keeps the version of the loaded model from being deleted. */
  #mark: Release | undefined;
  #reason = 'the model is being loaded';
  #poll: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;
  #closed = false;
  #swapError = '';
  /** Models that a batch may still use. They are freed after it. */
  #retired: LoadedModel[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    this.#batcher = new Batcher(() => this.#openSession(), options);
  }

  /** Loads the model. @throws WgradError if there is none, if it is damaged, or if no device can be opened */
  async start(): Promise<void> {
    await this.#occupy(this.#begin());
    const { pollInterval } = this.#options;
    if (pollInterval > 0 && !this.#closed) this.#poll = setInterval(() => void this.refresh(), pollInterval);
  }

  /** The current model, or undefined without one. */
  get model(): ModelRecord | undefined {
    return this.#model?.record;
  }

  /** The name of the model, also while it is loaded again after a failure of its device. */
  get name(): string {
    return this.#name;
  }

  /** The folder of the loaded model; empty before the first. */
  get path(): string {
    return this.#path;
  }

  get device(): string {
    return this.#engine?.device ?? 'none';
  }

  /** The reason why the service is not ready, or undefined. */
  get unreadyReason(): string | undefined {
    return this.#model ? undefined : this.#reason;
  }

  /** Images that are waiting. */
  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** @throws UnavailableError, or errors of the device */
  async predict(images: readonly Pixels[], signal?: AbortSignal): Promise<Answer[]> {
    if (!this.#model) throw new UnavailableError(this.#reason);
    return this.#batcher.run(images, signal);
  }

  /** Detects a device that failed without a request, and loads the model that the reference names now. */
  async refresh(): Promise<void> {
    const engine = this.#engine;
    if (this.#busy || this.#closed || !this.#model || !engine) return;
    await this.#occupy(this.#checkDevice(engine).then(() => this.#swap()));
  }

  /** Stops the checks and frees the device. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#retry);
    await this.#busy?.catch(() => undefined);
    this.#fail('the service is stopping');
    await Promise.all([this.#engine?.close(), this.#failed?.close(), this.#mark?.()]);
  }

  async #begin(): Promise<void> {
    const { root, reference } = this.#options;
    // Opening a device for a model that does not exist would waste seconds.
    await resolveModel(root, reference);
    await this.#load(await this.#open());
  }

  async #open(): Promise<Engine> {
    const engine = await this.#options.openEngine();
    this.#engine = engine;
    void engine.failed.then((error) => this.#recover(error, engine));
    return engine;
  }

  #openSession(): Session<Pixels, Answer> {
    this.#retired.splice(0).forEach((old) => old.dispose());
    const [engine, model] = [this.#engine, this.#model];
    if (!engine || !model) throw new UnavailableError(this.#reason);
    const pixels = model.record.input.height * model.record.input.width;
    return async (batch) => {
      // The model was replaced while the images waited.
      if (batch.some(({ length }) => length !== pixels)) throw new UnavailableError(OTHER_IMAGES);
      try {
        const rows = await this.#inTime(model.predict(batch));
        return rows.map((probabilities) => ({ probabilities, model: model.record }));
      } catch (error) {
        this.#recover(error, engine);
        throw new UnavailableError(this.#reason, { cause: error });
      }
    };
  }

  async #load(engine: Engine): Promise<void> {
    const { root, reference, onEvent } = this.#options;
    const { path } = await resolveModel(root, reference);
    const release = await markServed(root, path);
    const model = await engine.load(path).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    // The device was given up while the model was loading: ignores the model.
    if (this.#closed || engine !== this.#engine) return release();
    await this.#mark?.();
    this.#mark = release;
    if (this.#model) this.#retired.push(this.#model);
    this.#model = model;
    this.#path = path;
    this.#name = model.record.name;
    this.#swapError = '';
    onEvent?.({ kind: 'loaded', model: model.record, device: this.device });
  }

  /** Keeps track of running work. A recovery can start while a swap is still running. */
  async #occupy(work: Promise<void>): Promise<void> {
    this.#busy = work;
    await work;
    if (this.#busy === work) this.#busy = undefined;
  }

  async #checkDevice(engine: Engine): Promise<void> {
    try {
      await this.#inTime(engine.check());
    } catch (error) {
      this.#recover(error, engine);
    }
  }

  async #swap(): Promise<void> {
    if (!this.#model) return;
    const { root, reference, onEvent } = this.#options;
    try {
      const { path } = await resolveModel(root, reference);
      if (path !== this.#path && this.#engine) await this.#load(this.#engine);
    } catch (error) {
      // The current model is intact and stays. The error is reported once, not at every check.
      if (String(error) !== this.#swapError) onEvent?.({ kind: 'swapFailed', error });
      this.#swapError = String(error);
    }
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#model = undefined;
    this.#retired = [];
  }

  /** After a failure the device is not trusted. It is given up, and the model is loaded on a new one. */
  #recover(error: unknown, failed: Engine): void {
    // Without a model, its loading reports the failure.
    if (this.#engine !== failed || !this.#model || this.#closed) return;
    this.#fail('the device failed; the model is being loaded on a new one');
    this.#options.onEvent?.({ kind: 'deviceFailed', error });
    this.#scheduleRecovery(0);
  }

  #scheduleRecovery(delay: number): void {
    this.#failed = this.#engine;
    this.#engine = undefined;
    this.#retry = setTimeout(() => {
      void this.#occupy(this.#reopen(delay));
    }, delay);
  }

  async #reopen(delay: number): Promise<void> {
    try {
      await this.#failed?.close();
      await this.#load(await this.#open());
    } catch (error) {
      this.#options.onEvent?.({ kind: 'recoveryFailed', error });
      if (!this.#closed) this.#scheduleRecovery(Math.min(LAST_RETRY, Math.max(FIRST_RETRY, 2 * delay)));
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const { batchTimeout } = this.#options;
    const late = `the device did not answer within ${batchTimeout} ms`;
    return within(batchTimeout, work, () => new UnavailableError(late));
  }
}
