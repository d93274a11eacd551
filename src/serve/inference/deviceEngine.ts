import type { Backend } from '../../backend/backend.ts';
import { openModelFolder } from '../registry/modelFolder.ts';
import { Classifier } from './classifier.ts';
import type { Engine } from './engine.ts';

/** Runs models on a device in this thread. */
export class DeviceEngine implements Engine {
  readonly device: string;
  /** It ends with its thread only. */
  readonly failed: Promise<never> = new Promise(() => undefined);
  readonly #backend: Backend;
  readonly #batchSize: number;

  /** @param batchSize images of a batch; see `Classifier` */
  constructor(backend: Backend, batchSize: number) {
    this.device = `${backend.name}: ${backend.description}`;
    this.#backend = backend;
    this.#batchSize = batchSize;
  }

  async load(path: string): Promise<Classifier> {
    return Classifier.load(this.#backend, await openModelFolder(path), this.#batchSize);
  }

  check(): Promise<void> {
    return this.#backend.synchronize();
  }

  close(): Promise<void> {
    this.#backend.destroy();
    return Promise.resolve();
  }
}
