import { DataError } from './errors.ts';
import { permutation } from '../../data/permutation.ts';

/** Indices into the labels given, each list ascending; together they hold every index once. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

// Domains of the generator ("splt" and "subs" in ASCII) separate splits, subsets and shuffles of the same seed.
const SPLIT_DOMAIN = 0x73706c74;
const SUBSET_DOMAIN = 0x73756273;

/**
 * Splits off a stratified validation set: each class gives its share, up to rounding.
 *
 * A pure function of its arguments. With the same labels and seed, a smaller validation set is a subset of every larger
 * one.
 *
 * @param labels uint8[n]
 * @param size of the validation set: a fraction in (0, 1), rounded to whole examples, or a count from 0 to n
 * @param seed integer from 0 to 2^53 - 1
 * @throws DataError when the size is neither
 * @example const { train, validation } = stratifiedSplit(labels, 5_000, 1);
 */
export function stratifiedSplit(labels: Uint8Array, size: number, seed: number): Split {
  const n = labels.length;
  const count = size > 0 && size < 1 ? Math.round(size * n) : size;
  requireCount('validation set', count, n, size);
  const order = stratifiedOrder(labels, seed, SPLIT_DOMAIN);
  return { validation: order.slice(0, count).sort(), train: order.slice(count).sort() };
}

/**
 * A stratified choice of `limit` examples, or all where there are fewer.
 *
 * A pure function of its arguments; with the same labels and seed, a smaller subset is part of every larger one, so
 * learning curves are comparable.
 *
 * @param labels uint8[n], of the whole set
 * @param limit how many to choose
 * @param seed integer from 0 to 2^53 - 1
 * @param among indices to choose from, such as a split's `train`; default all
 * @returns indices into `labels`, ascending
 * @throws DataError when the limit is no count
 * @example const few = subset(labels, 1_000, 1, split.train);
 */
export function subset(labels: Uint8Array, limit: number, seed: number, among?: Uint32Array): Uint32Array {
  const candidates = among ?? Uint32Array.from(labels.keys());
  requireCount('subset', limit, Infinity, limit);
  const candidateLabels = Uint8Array.from(candidates, (index) => labels[index]!);
  const order = stratifiedOrder(candidateLabels, seed, SUBSET_DOMAIN);
  return order
    .slice(0, limit)
    .map((position) => candidates[position]!)
    .sort();
}

/** At most `limit` of the rows, chosen evenly over the classes. */
export function limited(
  labels: Uint8Array,
  rows: Uint32Array,
  limit: number | undefined,
  seed: number,
): Uint32Array {
  return limit === undefined || limit >= rows.length ? rows : subset(labels, limit, seed, rows);
}

/**
 * All indices in an order of which every prefix is stratified.
 *
 * The j-th of a class's n members, in random order, has the place (j + 1/2) / n between 0 and 1, and the classes are merged
 * by place: up to any point t, each class has given round(t · n) members.
 */
function stratifiedOrder(labels: Uint8Array, seed: number, domain: number): Uint32Array {
  const members = [...groupByClass(labels)].map(([label, indices]) => {
    const shuffle = permutation(indices.length, { seed, stream: label, domain });
    return { indices: shuffle.map((position) => indices[position]!), taken: 0 };
  });
  const order = new Uint32Array(labels.length);
  for (let position = 0; position < order.length; position++) {
    let first: (typeof members)[number] | undefined;
    for (const member of members) {
      if (member.taken === member.indices.length) continue;
      // (2j + 1) / n is twice the place; multiplied out, the comparison is exact. The lower class wins ties.
      const isBefore =
        first === undefined ||
        (2 * member.taken + 1) * first.indices.length < (2 * first.taken + 1) * member.indices.length;
      if (isBefore) first = member;
    }
    order[position] = first!.indices[first!.taken++]!;
  }
  return order;
}

/** Label → its examples' indices, both ascending, without labels that no example has. */
function groupByClass(labels: Uint8Array): Map<number, number[]> {
  const groups: number[][] = Array.from({ length: 256 }, () => []);
  labels.forEach((label, index) => groups[label]!.push(index));
  return new Map([...groups.entries()].filter(([, indices]) => indices.length > 0));
}

function requireCount(what: string, count: number, max: number, given: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= max) return;
  throw new DataError(`${what}: impossible size`, {
    expected: max === Infinity ? 'a count of 0 or more' : `a fraction in (0, 1), or a count from 0 to ${max}`,
    got: String(given),
  });
}
