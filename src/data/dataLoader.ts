import { FUNCTION, type Rest, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, INTEGER } from '../tensor/kinds.ts';
import { type Collated, collate as standard } from './collate.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { permutation } from './permutation.ts';

/** Options of `DataLoader`. */
export interface LoaderOptions<Sample, Batch> {
  /** The samples of a batch; 1 by default. */
  batchSize?: number;
  /** Whether each epoch has an order of its own; false by default. */
  shuffle?: boolean;
  /** From which the orders follow; 0 by default. */
  seed?: number;
  /** Whether to leave out a last batch that is smaller; false by default. */
  dropLast?: boolean;
  /** How samples become a batch; by default see `collate`. */
  collate?: (samples: Sample[]) => Batch | Promise<Batch>;
  /** How many batches are read ahead; 0 by default. It helps where samples are promises. */
  prefetch?: number;
}

/** Where a loader is: `epoch` epochs are done, and `batch` batches of the next. */
export interface LoaderState {
  readonly epoch: number;
  readonly batch: number;
}

type Options = LoaderOptions<never, unknown>;
const takes = signature<Options>(
  'DataLoader',
  { dataset: { takes: 'a data set: an object with length and get(index)', fits: isDataset } },
  {
    batchSize: INTEGER,
    shuffle: BOOLEAN,
    seed: INTEGER,
    dropLast: BOOLEAN,
    collate: FUNCTION,
    prefetch: INTEGER,
  },
  0,
);
const stateArguments = signature('loadState', {
  state: {
    takes: 'a state: { epoch, batch }, integers ≥ 0',
    fits: (value) => {
      const { epoch, batch } = (value ?? {}) as Partial<LoaderState>;
      return [epoch, batch].every((each) => Number.isSafeInteger(each) && each! >= 0);
    },
  },
});

/**
 * The batches of a data set. Each loop over it is an epoch; with `shuffle`, an epoch's order follows from the seed and the number
 * of the epoch. `state` and `loadState` continue in the middle of an epoch.
 *
 * Batches belong to no scope: dispose them, or let them be collected. Samples that a data set gains during an epoch belong to the
 * next.
 *
 * @throws ArgumentError for options that do not fit; in a loop if the data set loses samples during an epoch
 * @example
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true, seed: 1 });
 * for await (const [x, y] of loader) train(x, y);
 */
export class DataLoader<Sample, Batch = Collated<Sample>> implements AsyncIterable<Batch> {
  readonly dataset: Dataset<Sample>;
  readonly #options: LoaderOptions<Sample, Batch>;
  #state: LoaderState = { epoch: 0, batch: 0 };
  /** Where the next loop begins. */
  #next: LoaderState = this.#state;

  constructor(dataset: Dataset<Sample>, ...rest: Rest<LoaderOptions<Sample, Batch>>) {
    const options = takes([dataset, ...rest]);
    const { batchSize = 1, prefetch = 0, seed = 0 } = options;
    if (batchSize < 1 || prefetch < 0 || seed < 0) {
      throw new ArgumentError('DataLoader', 'invalid number', {
        takes: 'batchSize ≥ 1, prefetch ≥ 0 and seed ≥ 0',
        got: `batchSize ${batchSize}, prefetch ${prefetch}, seed ${seed}`,
      });
    }
    this.dataset = dataset;
    this.#options = options as LoaderOptions<Sample, Batch>;
  }

  /** The number of batches of an epoch. */
  get length(): number {
    const { batchSize = 1, dropLast = false } = this.#options;
    return Math[dropLast ? 'floor' : 'ceil'](this.dataset.length / batchSize);
  }

  /** Where it is, for `loadState` of a loader with the same options. It counts batches that were given out. */
  state(): LoaderState {
    return this.#state;
  }

  /** Goes to where another loader was: the next loop begins there. */
  loadState(state: LoaderState): void {
    stateArguments(arguments);
    this.#next = this.#state = { epoch: state.epoch, batch: state.batch };
  }

  /** The batches of the next epoch, or the rest of the one that `loadState` named. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const { epoch, batch: first } = this.#next;
    this.#next = { epoch: epoch + 1, batch: 0 };
    const { batchSize = 1, shuffle = false, seed = 0, prefetch = 0 } = this.#options;
    const samples = this.dataset.length;
    const order = shuffle ? permutation(samples, { seed, stream: epoch }) : undefined;
    const { length } = this;
    const ahead: Promise<Batch>[] = [];
    let next = first;
    const read = (): void => {
      if (this.dataset.length < samples) {
        throw new ArgumentError('DataLoader', 'the data set shrank during an epoch', {
          takes: `the ${samples} samples that there were at its beginning`,
          got: `a length of ${this.dataset.length}`,
        });
      }
      const start = next++ * batchSize;
      const count = Math.min(batchSize, samples - start);
      const batch = this.#read(Array.from({ length: count }, (_, at) => order?.[start + at] ?? start + at));
      // An error is thrown when its batch is asked for. Without this it would end the process before.
      batch.catch(() => undefined);
      ahead.push(batch);
    };
    for (let at = first; at < length; at++) {
      while (next < length && ahead.length <= prefetch) read();
      const batch = await ahead.shift()!;
      this.#state = at + 1 < length ? { epoch, batch: at + 1 } : { epoch: epoch + 1, batch: 0 };
      yield batch;
    }
  }

  async #read(indices: readonly number[]): Promise<Batch> {
    const { collate } = this.#options;
    if (!collate && this.dataset.batch) return (await this.dataset.batch(indices)) as unknown as Batch;
    const samples = await Promise.all(indices.map((index) => this.dataset.get(index)));
    return collate ? await collate(samples) : (standard(samples) as Batch);
  }
}
