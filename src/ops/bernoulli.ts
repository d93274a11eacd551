import { type Rest, signature } from '../tensor/arguments.ts';
import { TENSOR } from '../tensor/kinds.ts';
import { rand, RANDOM, type RandomOptions } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';

type Source = Pick<RandomOptions, 'seed' | 'stream'>;

const { seed, stream } = RANDOM;
const takes = signature<Source>('bernoulli', { x: TENSOR }, { seed, stream }, 0);

/**
 * Draws 1 with the probability that each element of x gives, otherwise 0. Has no gradient.
 *
 * @param options the seed and the stream, as of `rand`
 * @example
 * full([4], 0.25).bernoulli(); // a quarter of them is 1 on average
 */
export function bernoulli(x: Tensor, ...options: Rest<Source>): Tensor {
  const source = takes([x, ...options]);
  checkDtype('bernoulli', x, 'float32', 'float64');
  const { shape, dtype, device } = x;
  return scope(() =>
    rand([...shape], { ...source, dtype, device })
      .lt(x)
      .to(dtype),
  );
}
