import { type Maybe, type Rest, signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { BOOLEAN, TENSOR } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Options of `unique`. */
export interface UniqueOptions {
  /** Also return the position of each element of x in the result: int32 of x's shape. */
  returnInverse?: Maybe<boolean>;
  /** Also return how often each element of the result occurs in x: int32. */
  returnCounts?: Maybe<boolean>;
}

const takes = signature<{ returnInverse?: boolean; returnCounts?: boolean }>(
  'unique',
  { x: TENSOR },
  { returnInverse: BOOLEAN, returnCounts: BOOLEAN },
  0,
);

/**
 * The distinct elements of x in ascending order, as a vector. Waits for the device. Every NaN is distinct, and last.
 *
 * With `returnInverse` or `returnCounts` the result is a list: the elements, then what the options ask for, in this order.
 *
 * @example
 * const [values, counts] = await labels.unique({ returnCounts: true });
 */
export function unique(
  x: Tensor,
  options?: Maybe<{ returnInverse?: Maybe<false>; returnCounts?: Maybe<false> }>,
): Promise<Tensor>;
export function unique(x: Tensor, options: UniqueOptions): Promise<Tensor[]>;
export function unique(x: Tensor, ...options: Rest<UniqueOptions>): Promise<Tensor | Tensor[]> {
  const { returnInverse = false, returnCounts = false } = takes([x, ...options]);
  return distinct(x, returnInverse, returnCounts);
}

async function distinct(x: Tensor, inverse: boolean, counts: boolean): Promise<Tensor | Tensor[]> {
  const { dtype, device, shape } = x;
  const all = await x.data();
  // Adding 0 makes -0 equal to 0 for the order and for the map.
  const sorted = all.map((value) => value + 0).sort();
  const found = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
  const values = tensor(found, { dtype, device });
  if (!inverse && !counts) return values;
  const places = new Map(Array.from(found, (value, place) => [value, place]));
  let nan = found.findIndex(Number.isNaN);
  const placed = Int32Array.from(all, (value) => (Number.isNaN(value) ? nan++ : places.get(value)!));
  const occurrences = new Int32Array(found.length);
  for (const place of placed) occurrences[place]!++;
  return [
    values,
    ...(inverse ? [tensor(placed, { shape, device })] : []),
    ...(counts ? [tensor(occurrences, { device })] : []),
  ];
}
