import type { ModelRecord } from '../registry/modelRecord.ts';

/** Pixels from 0 to 255, row by row. */
export type Pixels = ArrayLike<number>;

/** A device that runs models: `DeviceEngine` in this thread, `startEngineThread` in a thread of its own. */
export interface Engine {
  /** The device's name and description. */
  readonly device: string;
  /** Resolves with the reason if the engine ends without `close`. */
  readonly failed: Promise<unknown>;
  /**
   * Loads a model folder and runs the model once, which compiles its kernels.
   *
   * @throws RegistryError if the folder is damaged, or an error of the device
   */
  load(path: string): Promise<LoadedModel>;
  /** Throws if the device has failed. */
  check(): Promise<void>;
  /** Frees the models and the device. */
  close(): Promise<void>;
}

/** A model on the device of an engine. */
export interface LoadedModel {
  readonly record: ModelRecord;
  /** SHA-256 of the folder's manifest. */
  readonly fingerprint: string;
  /** The class probabilities of at most one batch of images. @throws errors of the device */
  predict(images: readonly Pixels[]): Promise<Float32Array[]>;
  /** Frees the weights. */
  dispose(): void;
}
