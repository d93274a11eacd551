import { type Maybe, signature } from '../tensor/arguments.ts';
import { onesLike } from '../tensor/create.ts';
import { ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, NUMBER, TENSOR } from '../tensor/kinds.ts';
import { RANDOM } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { dropout, type DropoutOptions } from './dropout.ts';

const takes = signature<DropoutOptions>(
  'dropout2d',
  { x: TENSOR },
  { p: NUMBER, training: BOOLEAN, seed: RANDOM.seed, stream: RANDOM.stream },
  2,
);

/**
 * In training, sets each channel of each image to 0 with probability p and scales the rest by 1 / (1 - p). In
 * evaluation, returns x. See `dropout`.
 *
 * Source: Tompson, Goroshin, Jain, LeCun, Bregler: Efficient object localization using convolutional networks (2015).
 *
 * @param x [N, C, …]
 * @throws ArgumentError unless 0 ≤ p ≤ 1
 */
export function dropout2d(
  x: Tensor,
  ...rest:
    | [options?: Maybe<DropoutOptions>]
    | [p: Maybe<number>, training?: Maybe<boolean>, options?: Maybe<Omit<DropoutOptions, 'p' | 'training'>>]
): Tensor {
  const options = takes([x, ...rest]);
  if (x.ndim < 3) {
    throw new ShapeError('dropout2d', 'not images', { takes: 'x [N, C, …]', got: describe(x) });
  }
  if (options.training === false || (options.p ?? 0.5) === 0) return dropout(x, options);
  return scope(() => {
    const corner = x.detach().slice(null, null, ...new Array<[0, 1]>(x.ndim - 2).fill([0, 1]));
    return x.mul(dropout(onesLike(corner), options));
  });
}
