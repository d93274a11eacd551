import '../ops/methods.ts';
import { type Kind, kindOf, signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { INTEGER, listOf, REAL } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import type { Collated } from './collate.ts';
import { permutation } from './permutation.ts';

/** Samples by index. */
export interface Dataset<Sample> {
  /** The number of samples. */
  readonly length: number;
  /** Sample `index`, from 0 to length - 1; a promise if it has to be read first. */
  get(index: number): Sample | Promise<Sample>;
  /** The samples at some positions as one batch, if that is faster than one after the other. */
  batch?(indices: readonly number[]): Collated<NoInfer<Sample>> | Promise<Collated<NoInfer<Sample>>>;
}

/**
 * Tensors whose rows are the samples: sample i consists of row i of each.
 *
 * @throws ArgumentError for no tensors, or different numbers of rows
 * @example
 * new TensorDataset(images, labels); // images [N, 1, 28, 28], labels [N]
 */
export class TensorDataset implements Dataset<Tensor[]> {
  readonly tensors: readonly Tensor[];
  readonly length: number;

  constructor(...tensors: readonly Tensor[]) {
    const length = tensors[0] instanceof Tensor ? tensors[0].shape[0] : undefined;
    if (
      length === undefined ||
      !tensors.every((each) => each instanceof Tensor && each.shape[0] === length)
    ) {
      throw new ArgumentError('TensorDataset', 'the tensors do not fit', {
        takes: 'at least one tensor, each with the same number of rows',
        got:
          tensors.length === 0
            ? 'none'
            : tensors.map((each) => (each instanceof Tensor ? describe(each) : kindOf(each))).join(', '),
      });
    }
    this.tensors = tensors;
    this.length = length;
  }

  get(index: number): Tensor[] {
    checkIndex('TensorDataset', index, this.length);
    return noGrad(() => scope(() => this.tensors.map((each) => each.slice([index, index + 1]).squeeze(0))));
  }

  batch(indices: readonly number[]): Tensor[] {
    for (const index of indices) checkIndex('TensorDataset', index, this.length);
    const { device } = this.tensors[0]!;
    return noGrad(() =>
      scope(() => {
        const rows = tensor([...indices], { dtype: 'int32', shape: [indices.length], device });
        return this.tensors.map((each) => each.indexSelect(0, rows));
      }),
    );
  }
}

const DATASET: Kind = { takes: 'a data set', fits: isDataset };
const subsetArguments = signature('Subset', { dataset: DATASET, indices: listOf(INTEGER) });

/** Some samples of a data set, in an order. */
export class Subset<Sample> implements Dataset<Sample> {
  readonly dataset: Dataset<Sample>;
  readonly indices: readonly number[];
  /** There where the data set has it. */
  readonly batch?: (indices: readonly number[]) => Collated<Sample> | Promise<Collated<Sample>>;

  constructor(dataset: Dataset<Sample>, indices: readonly number[]) {
    subsetArguments(arguments);
    for (const index of indices) checkIndex('Subset', index, dataset.length);
    this.dataset = dataset;
    this.indices = indices;
    if (dataset.batch) this.batch = (chosen) => dataset.batch!(chosen.map((each) => this.#at(each)));
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): Sample | Promise<Sample> {
    return this.dataset.get(this.#at(index));
  }

  #at(index: number): number {
    checkIndex('Subset', index, this.length);
    return this.indices[index]!;
  }
}

const splitArguments = signature<{ seed?: number }>(
  'randomSplit',
  { dataset: DATASET, sizes: listOf(REAL) },
  { seed: INTEGER },
);

/**
 * Splits a data set at random into parts. The same seed gives the same parts.
 *
 * @param sizes the number of samples of each part, or shares that sum to 1
 * @param rest seed: 0 by default
 * @throws ArgumentError if the sizes do not add up to the length
 * @example
 * const [train, validation] = randomSplit(dataset, [0.9, 0.1], { seed: 1 });
 */
export function randomSplit<Sample>(
  dataset: Dataset<Sample>,
  sizes: readonly number[],
  ...rest: [options?: { seed?: number }] | [seed?: number]
): Subset<Sample>[] {
  const { seed = 0 } = splitArguments([dataset, sizes, ...rest]);
  const { length } = dataset;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const isShares = Math.abs(total - 1) < 1e-9 && sizes.some((size) => !Number.isInteger(size));
  const ends = sizes.map((_, part) => sizes.slice(0, part + 1).reduce((sum, size) => sum + size, 0));
  const counts = isShares ? ends.map((end) => Math.round(end * length)) : ends;
  const fits = sizes.every((size) => size >= 0 && (isShares || Number.isInteger(size)));
  if (!fits || counts.at(-1) !== length) {
    throw new ArgumentError('randomSplit', 'the sizes do not add up', {
      takes: `integers that sum to ${length}, or shares that sum to 1`,
      got: `[${sizes.join(', ')}]`,
    });
  }
  const order = Array.from(permutation(length, { seed }));
  return counts.map((end, part) => new Subset(dataset, order.slice(counts[part - 1] ?? 0, end)));
}

/** Whether a value has the length and the samples of a data set. */
export function isDataset(value: unknown): boolean {
  const { length, get } = (value ?? {}) as Partial<Dataset<unknown>>;
  return Number.isSafeInteger(length) && length! >= 0 && typeof get === 'function';
}

/** @throws ArgumentError where there is no such sample */
export function checkIndex(name: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new ArgumentError(name, 'no such sample', {
    takes: `an integer from 0 to ${length - 1}`,
    got: String(index),
  });
}
