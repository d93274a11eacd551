import type { Backend } from '../../backend/backend.ts';
import { live } from '../../backend/recorder.ts';
import type { Dataset } from '../../data/dataset.ts';
import { empty, tensor } from '../../tensor/create.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { unscoped } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type AugmentationDraw, augmentationParams } from './augmentation.ts';
import type { DataDescription } from './description.ts';
import type { ImageSet } from './images.ts';

/** A batch, ready for a model. */
export interface Batch {
  /** float32 [N, 1, height, width], normalised to mean 0 and variance 1. */
  images: Tensor;
  /** int32 [N]. */
  labels: Tensor;
}

/**
 * A data set on the device, as bytes: one kernel gathers, augments and normalises a batch, and an epoch uploads only the
 * order of its images.
 *
 * @example
 * const set = new DeviceDataset(device, train, description);
 * const order = set.order(permutation(set.count, { seed, stream: epoch }));
 * const { images, labels } = set.batch(order, 0, 128);
 */
export class DeviceDataset {
  readonly count: number;
  readonly description: DataDescription;
  readonly #images: Tensor;
  readonly #labels: Tensor;

  /** @param description the size of the images, and how they are normalised: (byte / 255 - mean) / std */
  constructor(device: Backend, { images, labels, count }: ImageSet, description: DataDescription) {
    this.count = count;
    this.description = description;
    [this.#images, this.#labels] = unscoped(() => [
      tensor(images, { device }),
      tensor(new Int32Array(labels), { device }),
    ]);
  }

  get device(): Backend {
    return this.#images.device;
  }

  /** The images at some rows, for a `DataLoader`. */
  only(rows: Uint32Array): Dataset<Batch> {
    const batch = (indices: readonly number[]): Batch => {
      const order = this.order(Uint32Array.from(indices, (at) => rows[at]!));
      try {
        return this.batch(order, 0, indices.length);
      } finally {
        order.dispose();
      }
    };
    return { length: rows.length, get: (index) => batch([index]), batch };
  }

  /** The row numbers of batches, in order, on the device. */
  order(rows: Uint32Array): Tensor {
    return unscoped(() => tensor(new Int32Array(rows), { device: this.#images.device }));
  }

  /**
   * The images at places `start` to `start + size - 1` of the order.
   *
   * @param start a place, or a function that a captured step calls at each replay
   * @param draw random changes of the images; the change of an image is a function of these and of its row number, and
   *   has the same bits on every device and in every batch
   */
  batch(order: Tensor, start: number | (() => number), size: number, draw?: AugmentationDraw): Batch {
    const length = order.numel();
    const { offset } = order;
    const first = live(() => {
      const place = typeof start === 'number' ? start : start();
      if (place >= 0 && size >= 1 && place + size <= length) return offset + place;
      throw new ArgumentError('batch', 'out of the order', {
        takes: `places 0 to ${length}`,
        got: `${size} places from ${place} on`,
      });
    });
    const { device } = this.#images;
    const { height, width, mean, std } = this.description;
    const normalisation = { center: 255 * mean, scale: 1 / (255 * std) };
    const images = empty([size, 1, height, width], { device });
    const labels = empty([size], { dtype: 'int32', device });
    const buffers = {
      images: this.#images.storage.buffer,
      rows: order.storage.buffer,
      labels: this.#labels.storage.buffer,
      out: images.storage.buffer,
      batchLabels: labels.storage.buffer,
    };
    if (draw) {
      device.run('augmentImages', buffers, {
        count: size,
        width,
        height,
        start: first,
        ...augmentationParams(draw, height * width),
        ...normalisation,
      });
    } else {
      device.run('gatherImages', buffers, {
        size: images.numel(),
        pixels: height * width,
        start: first,
        ...normalisation,
      });
    }
    return { images, labels };
  }

  dispose(): void {
    this.#images.dispose();
    this.#labels.dispose();
  }
}
