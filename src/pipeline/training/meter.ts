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
  /** The terms of the loss: of each the values of all batches. */
  terms: readonly Float32Array[];
  /** Samples classified correctly. */
  correct: number;
}

/** What a meter keeps of a batch: scalars, and for a classifier what its hits are counted from. */
export interface Measured {
  readonly loss: Tensor;
  /** The terms of the loss that are kept beside it. */
  readonly terms?: readonly Tensor[];
  readonly classified?: { readonly logits: Tensor; readonly labels: Tensor };
}

/** The means of a reading over its images. */
export interface Means {
  readonly samples: number;
  readonly loss: number;
  readonly terms: readonly number[];
  readonly accuracy: number;
}

/** The means of a reading over its images; the last batch may be smaller than the others. */
export function average({ losses, terms, correct }: Reading, batchSize: number, lastSize: number): Means {
  const before = losses.length - 1;
  const samples = before * batchSize + lastSize;
  const mean = (values: Float32Array): number =>
    values.reduce((sum, value, index) => sum + value * (index < before ? batchSize : lastSize), 0) / samples;
  return { samples, loss: mean(losses), terms: terms.map(mean), accuracy: correct / samples };
}

/** Losses and hits, gathered on the device: one read-back for many batches. */
export class Meter {
  readonly #device: Backend;
  /** float32: the loss of each batch, then the hits, then each term of the loss as the losses. */
  readonly #cells: Tensor;
  readonly #capacity: number;
  readonly #terms: number;
  #used = 0;

  /** @param terms of a loss that are kept */
  constructor(device: Backend, capacity: number, terms: number = 0) {
    this.#device = device;
    this.#capacity = capacity;
    this.#terms = terms;
    this.#cells = unscoped(() => zeros([this.#placeOf(terms)], { device }));
  }

  get full(): boolean {
    return this.#used === this.#capacity;
  }

  /** Adds a batch; to be called within the step's scope. */
  add({ loss, terms = [], classified }: Measured): void {
    if (classified) this.#tally(loss, classified.logits, classified.labels);
    else this.#store(loss, 0);
    terms.forEach((term, index) => this.#store(term, this.#placeOf(index)));
    effect(() => {
      this.#used++;
    });
  }

  /** Where the values of a term begin. */
  #placeOf(term: number): number {
    return this.#capacity + 1 + term * this.#capacity;
  }

  /** Stores the loss, and counts the hits. */
  #tally(loss: Tensor, logits: Tensor, labels: Tensor): void {
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
    freeCopy(x, logits);
  }

  #store(value: Tensor, start: number): void {
    this.#device.run(
      'copy',
      { x: value.storage.buffer, out: this.#cells.storage.buffer },
      {
        size: 1,
        xOffset: value.offset,
        outOffset: live(() => start + this.#used),
        shape: [1, 1, 1, 1],
        xStrides: [0, 0, 0, 0],
        outStrides: [0, 0, 0, 0],
      },
      { RANK: 1, Element: 'u32' },
    );
  }

  /** Reads the measurements and resets the meter. */
  async read(): Promise<Reading> {
    const cells = (await this.#cells.data()) as Float32Array;
    const from = (start: number): Float32Array => cells.slice(start, start + this.#used);
    const reading = {
      losses: from(0),
      terms: Array.from({ length: this.#terms }, (_, term) => from(this.#placeOf(term))),
      correct: cells[this.#capacity]!,
    };
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
