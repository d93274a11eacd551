import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, NUMBER, TENSOR } from '../tensor/kinds.ts';
import { RANDOM, type RandomOptions, type RandomOrigin, randomOrigin } from '../tensor/random.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { viewOf } from './support/layout.ts';
import { dense, freeCopy } from '../tensor/dense.ts';

/** Options of `dropout`. */
export interface DropoutOptions extends Pick<RandomOptions, 'seed' | 'stream'> {
  /** The probability of dropping an element; 0.5 by default. */
  p?: number;
  /** Whether to drop elements; true by default. */
  training?: boolean;
}

const takes = signature<DropoutOptions>(
  'dropout',
  { x: TENSOR },
  { p: NUMBER, training: BOOLEAN, seed: RANDOM.seed, stream: RANDOM.stream },
  2,
);

/**
 * In training, sets each element to 0 with probability p and scales the rest by 1 / (1 - p). In evaluation, returns x.
 *
 *     y[i] = uniform[i] < p ? 0 : x[i] / (1 - p),   ∂loss/∂x = g · the same factors
 *
 * The uniform numbers are those of `rand` for the seed and the stream, so both backends drop the same elements.
 * Backward computes them again and stores no mask.
 *
 * Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout (2014).
 *
 * @param x float32, of any shape
 * @param options.seed as for `rand`
 * @param options.stream as for `rand`: a new one for each call by default
 * @throws ArgumentError unless 0 ≤ p ≤ 1
 * @example
 * hidden.dropout(0.2, model.training);
 * hidden.dropout({ p: 0.2, training: model.training });
 */
export function dropout(
  x: Tensor,
  ...rest:
    | [options?: Maybe<DropoutOptions>]
    | [p: Maybe<number>, options: Omit<DropoutOptions, 'p'>]
    | [p: Maybe<number>, training?: Maybe<boolean>, options?: Maybe<Omit<DropoutOptions, 'p' | 'training'>>]
): Tensor {
  const { p = 0.5, training = true, ...random } = takes([x, ...rest]);
  if (!(p >= 0 && p <= 1))
    throw new ArgumentError('dropout', 'invalid probability', { takes: '0 ≤ p ≤ 1', got: `p ${p}` });
  // A handle of its own: freeing the result must not free x.
  if (!training || p === 0) return viewOf('dropout', x, x, (gradient) => gradient);
  checkDtype('dropout', x, 'float32', 'float64');
  return dropped(x, p, randomOrigin(random));
}

/** Linear in x: its gradient drops the same elements of the gradient. */
function dropped(x: Tensor, p: number, origin: RandomOrigin): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const source = dense(x);
    x.device.run(
      'dropout',
      { x: source.storage.buffer, out: out.storage.buffer },
      {
        size: out.numel(),
        offset: source.offset,
        ...origin,
        // k · 2⁻²⁴ < p if and only if k < ⌈p · 2²⁴⌉.
        threshold: Math.ceil(p * 2 ** 24),
        scale: p === 1 ? 0 : 1 / (1 - p),
      },
    );
    freeCopy(source, x);
  }
  return withGradient('dropout', out, [x], [], (gradient) => [() => dropped(gradient, p, origin)]);
}
