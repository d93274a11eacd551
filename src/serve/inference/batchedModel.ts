import type { Backend } from '../../backend/backend.ts';
import { WgradError } from '../../backend/errors.ts';
import type { Module } from '../../nn/index.ts';
import { softmax } from '../../ops/softmax.ts';
import type { DataDescription } from '../../pipeline/data/description.ts';
import { tensor } from '../../tensor/create.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { scope } from '../../tensor/scope.ts';
import { normalise } from './normalise.ts';

/** The device did not return probabilities, so its answers cannot be trusted. */
export class BadAnswerError extends WgradError {
  override name = 'BadAnswerError';
}

/** A float32 softmax over at most 1000 classes sums to 1 within this tolerance. */
const SUM_TOLERANCE = 1e-3;

/**
 * A model on a device.
 *
 * Every batch has the same size; smaller batches are padded with blank images. Kernels split long sums by the size of
 * their outputs, so batches of different sizes would round differently. With one size, and kernels that compute each
 * row from its own image, an image gets the same bits in every batch and at every position.
 */
export class BatchedModel {
  readonly device: Backend;
  readonly batchSize: number;
  readonly #model: Module;
  readonly #data: DataDescription;
  readonly #pixels: number;

  /** @param model in evaluation mode, on the device */
  constructor(device: Backend, model: Module, data: DataDescription, batchSize: number) {
    this.device = device;
    this.batchSize = batchSize;
    this.#model = model;
    this.#data = data;
    this.#pixels = data.height * data.width;
  }

  /** Runs the model once, which compiles its kernels. */
  async warmUp(): Promise<void> {
    await this.predict([new Uint8Array(this.#pixels)]);
  }

  /**
   * Computes the class probabilities of images.
   *
   * @param images at most `batchSize`, each of height · width pixels from 0 to 255
   * @returns float32 [classes] for each image
   * @throws DeviceLostError, BadAnswerError, or other errors of the device
   */
  async predict(images: readonly ArrayLike<number>[]): Promise<Float32Array[]> {
    const { height, width, classes } = this.#data;
    const input32 = new Float32Array(this.batchSize * this.#pixels);
    images.forEach((image, index) => normalise(image, this.#data, input32, index * this.#pixels));
    const probabilities = scope(() =>
      noGrad(() => {
        const shape = [this.batchSize, 1, height, width];
        return softmax(this.#model.forward(tensor(input32, { shape, device: this.device })), 1);
      }),
    );
    try {
      const values = (await probabilities.data()) as Float32Array;
      const rows = images.map((_, index) =>
        values.slice(index * classes.length, (index + 1) * classes.length),
      );
      rows.forEach(requireProbabilities);
      return rows;
    } finally {
      probabilities.dispose();
    }
  }

  /** Frees the weights. The device stays open. */
  dispose(): void {
    this.#model.dispose();
  }
}

function requireProbabilities(row: Float32Array): void {
  let sum = 0;
  for (const share of row) sum += share >= 0 ? share : NaN;
  if (Math.abs(sum - 1) <= SUM_TOLERANCE) return;
  throw new BadAnswerError(`The device returned ${Array.from(row).join(', ')}, which are not probabilities.`);
}
