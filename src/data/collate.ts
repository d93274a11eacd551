import { stack } from '../ops/cat.ts';
import { isPlainObject } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { Tensor } from '../tensor/tensor.ts';

/** What samples become as a batch: numbers and tensors become a tensor, also in arrays and objects; others a list. */
export type Collated<Sample> = Sample extends Tensor | number
  ? Tensor
  : Sample extends string | boolean | bigint | symbol | null | undefined | ((...args: never) => unknown)
    ? Sample[]
    : { [Key in keyof Sample]: Collated<Sample[Key]> };

/**
 * Samples as a batch: tensors are stacked, numbers become a tensor (int32 if all are integers), arrays and objects are joined
 * element by element. Anything else stays a list.
 *
 * @throws ArgumentError for samples of different kinds or lengths
 */
export function collate(samples: readonly unknown[]): unknown {
  const [first] = samples;
  if (first instanceof Tensor) {
    check(samples.every((each) => each instanceof Tensor));
    return noGrad(() => stack(samples as readonly Tensor[]));
  }
  if (typeof first === 'number') {
    check(samples.every((each) => typeof each === 'number'));
    const numbers = samples as readonly number[];
    const isWhole = numbers.every((each) => each === (each | 0));
    return tensor([...numbers], { dtype: isWhole ? 'int32' : 'float32' });
  }
  if (Array.isArray(first)) {
    check(samples.every((each) => Array.isArray(each) && each.length === first.length));
    return first.map((_, at) => collate(samples.map((each) => (each as readonly unknown[])[at])));
  }
  if (isPlainObject(first)) {
    const keys = Object.keys(first);
    check(samples.every((each) => isPlainObject(each) && String(Object.keys(each)) === String(keys)));
    const values = samples as readonly Readonly<Record<string, unknown>>[];
    return Object.fromEntries(keys.map((key) => [key, collate(values.map((each) => each[key]))]));
  }
  return [...samples];
}

function check(fits: boolean): void {
  if (fits) return;
  throw new ArgumentError('collate', 'the samples differ', {
    takes: 'samples of one kind; arrays of one length, objects of the same keys',
    got: 'others',
  });
}
