import type { Backend } from '../../backend/backend.ts';
import { effect, live } from '../../backend/recorder.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { zeros } from '../../tensor/create.ts';
import { unscoped } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The measurements since the last reading. */
export interface Reading {
  /** The loss of each batch, in order. */
  losses: Float32Array;
  /** Samples classified correctly. */
  correct: number;
}

/** The means of a reading over its images; the last batch may be smaller than the others. */
export function average(
  { losses, correct }: Reading,
  batchSize: number,
  lastSize: number,
): { samples: number; loss: number; accuracy: number } {
  const before = losses.length - 1;
  const samples = before * batchSize + lastSize;
  const total = losses.reduce((sum, loss, index) => sum + loss * (index < before ? batchSize : lastSize), 0);
  return { samples, loss: total / samples, accuracy: correct / samples };
}

/** Losses and hits, gathered on the device: one read-back for many batches. */
export class Meter {
  readonly #device: Backend;
  /** float32 [capacity + 1]: the loss of each batch, then the hits. */
  readonly #cells: Tensor;
  readonly #capacity: number;
  #used = 0;

  constructor(device: Backend, capacity: number) {
    this.#device = device;
    this.#capacity = capacity;
    this.#cells = unscoped(() => zeros([capacity + 1], { device }));
  }

  get full(): boolean {
    return this.#used === this.#capacity;
  }

  /** Adds a batch; to be called within the step's scope. */
  add(loss: Tensor, logits: Tensor, labels: Tensor): void {
    const x = dense(logits);
    const [rows, classes] = x.shape as [number, number];
    this.#device.run(
      'tally',
      {
        x: x.storage.buffer,
        labels: labels.storage.buffer,
        loss: loss.storage.buffer,
        cells: this.#cells.storage.buffer,
      },
      {
        rows,
        classes,
        offset: x.offset,
        labelOffset: labels.offset,
        labelStride: labels.strides[0]!,
        lossOffset: loss.offset,
        lossAt: live(() => this.#used),
        hitsAt: this.#capacity,
      },
    );
    effect(() => {
      this.#used++;
    });
    freeCopy(x, logits);
  }

  /** Reads the measurements and resets the meter. */
  async read(): Promise<Reading> {
    const cells = (await this.#cells.data()) as Float32Array;
    const reading = { losses: cells.slice(0, this.#used), correct: cells[this.#capacity]! };
    const { storage } = this.#cells;
    this.#device.run(
      'fill',
      { out: storage.buffer },
      { size: this.#cells.numel(), value: 0 },
      { Element: 'f32' },
    );
    this.#used = 0;
    return reading;
  }

  dispose(): void {
    this.#cells.dispose();
  }
}
