// Random draws that consist of operations.

import { type Maybe, type Rest, signature } from '../tensor/arguments.ts';
import { cat } from './cat.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, INTEGER, OPERAND, SIZES, TENSOR } from '../tensor/kinds.ts';
import { rand, randint, randn, RANDOM, type RandomOptions } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes, type Shape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';

type Source = Pick<RandomOptions, 'seed' | 'stream'>;
const { seed, stream } = RANDOM;

const randpermArguments = signature<RandomOptions>('randperm', { n: INTEGER }, RANDOM, 0);

/**
 * The integers from 0 to n - 1 in random order, int32 unless `options.dtype` says otherwise.
 *
 * @example
 * images.indexSelect(0, randperm(images.shape[0]!)); // in another order
 */
export function randperm(n: number, ...options: Rest<RandomOptions>): Tensor {
  const { dtype = 'int32', requiresGrad = false, ...source } = randpermArguments([n, ...options]);
  const permuted = scope(() => {
    const order = randint(-(2 ** 31), 2 ** 31 - 1, [n], source).argsort();
    return dtype === 'int32' ? order : order.to(dtype);
  });
  permuted.requiresGrad = requiresGrad;
  return permuted;
}

const multinomialArguments = signature<Source & { replacement?: boolean }>(
  'multinomial',
  { x: TENSOR, numSamples: INTEGER },
  { replacement: BOOLEAN, seed, stream },
  1,
);

/**
 * Draws indices with probabilities in proportion to weights, as int32. Has no gradient.
 *
 * @param x weights [n], or rows of them [m, n], of 0 or more, with a positive one in each row; they need not sum to 1
 * @param numSamples the number of indices that each row gives
 * @param options `replacement`: whether an index may be drawn again (false by default), `seed` and `stream` as of `rand`
 * @throws ShapeError if x has other dims, or fewer weights than indices that may not be drawn again
 * @example
 * logits.softmax(-1).multinomial(1); // a class for each row
 */
export function multinomial(
  x: Tensor,
  numSamples: number,
  ...options:
    | [replacement?: Maybe<boolean>, options?: Maybe<Source>]
    | [options: Source & { replacement?: Maybe<boolean> }]
): Tensor {
  const { replacement = false, ...source } = multinomialArguments([x, numSamples, ...options]);
  checkDtype('multinomial', x, 'float32', 'float64');
  const count = x.shape.at(-1) ?? 0;
  if (x.ndim < 1 || x.ndim > 2 || numSamples < 0 || count === 0 || (!replacement && numSamples > count)) {
    throw new ShapeError('multinomial', 'the weights do not fit', {
      takes: 'weights [n] or [m, n], and at most n indices without replacement',
      got: `${describe(x)}, ${numSamples} indices`,
    });
  }
  const draw = (size: number): Tensor =>
    rand([...x.shape.slice(0, -1), size], { ...source, dtype: x.dtype, device: x.device });
  return scope(() => {
    const weights = x.detach();
    // The greatest of log(u) / w are a draw without replacement (Efraimidis & Spirakis, 2006).
    if (!replacement) return draw(count).log().div(weights).topk(numSamples)[1];
    const sums = weights.cumsum(-1);
    const total = sums.slice(...sums.shape.slice(1).map(() => null), [count - 1, count]);
    return placesAmong(sums, draw(numSamples).mul(total));
  });
}

/** The number of elements of ascending rows that do not exceed each of some numbers, found by sorting both together. */
function placesAmong(rows: Tensor, numbers: Tensor): Tensor {
  const count = rows.shape.at(-1)!;
  const order = cat([rows, numbers], -1).argsort();
  const before = order.lt(count).to('int32').cumsum(-1);
  const ranks = order.argsort().slice(...rows.shape.slice(1).map(() => null), [count, null]);
  return before.gather(-1, ranks);
}

const normalArguments = signature<RandomOptions & { size?: Shape }>(
  'normal',
  { mean: OPERAND, std: OPERAND },
  { size: SIZES, ...RANDOM },
  1,
);

/**
 * Numbers from normal distributions. Has no gradient.
 *
 * @param mean a number, or a tensor with a mean for each element
 * @param std a number, or a tensor with a standard deviation for each element
 * @param options `size` in order or by name, if neither is a tensor; and those of `randn`
 * @throws ArgumentError without a size, or with one beside a tensor
 * @example
 * normal(0, 0.02, [3, 4]);
 */
export function normal(
  mean: Tensor | number,
  std: Tensor | number,
  ...options:
    [size?: Maybe<Shape>, options?: Maybe<RandomOptions>] | [options: RandomOptions & { size?: Maybe<Shape> }]
): Tensor {
  const { size, requiresGrad = false, ...source } = normalArguments([mean, std, ...options]);
  const given = [mean, std].filter((each) => each instanceof Tensor);
  if ((size === undefined) === (given.length === 0)) {
    throw new ArgumentError('normal', 'the size is not clear', {
      takes: 'a size if mean and std are numbers, otherwise none',
      got: size ? `size [${size.join(', ')}] and a tensor` : 'no size',
    });
  }
  const shape = size ?? broadcastShapes('normal', ...given.map((each) => each.shape));
  const like = given[0] && { dtype: given[0].dtype, device: given[0].device };
  const [middle, spread] = [mean, std].map((each) => (each instanceof Tensor ? each.detach() : each));
  const drawn = scope(() =>
    randn(shape, { ...like, ...source })
      .mul(spread!)
      .add(middle!),
  );
  drawn.requiresGrad = requiresGrad;
  return drawn;
}
