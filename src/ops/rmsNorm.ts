import { type Maybe, signature } from '../tensor/arguments.ts';
import { ShapeError } from '../tensor/errors.ts';
import { DIMS, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { formatShape, sameShape, type Shape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/** Options of `rmsNorm`. */
export interface RmsNormOptions {
  /** Of the normalised shape: the factor of each element. Default 1. */
  weight?: Maybe<Tensor>;
  /** Added to the mean square; 2⁻²³ by default. */
  eps?: Maybe<number>;
}

const takes = signature<{ weight?: Tensor; eps?: number }>(
  'rmsNorm',
  { input: TENSOR, normalizedShape: DIMS },
  { weight: TENSOR, eps: REAL },
);

/**
 * Divides the last dims of each sample by the root of their mean square, then scales their elements.
 *
 *     y = x / √(mean(x²) + eps) · weight
 *
 * Source: Zhang, Sennrich: Root mean square layer normalization (2019).
 *
 * @param normalizedShape the sizes of the last dims, or one number for the last dim
 * @throws ShapeError if the input does not end in that shape, or the weight has another one
 */
export function rmsNorm(
  input: Tensor,
  normalizedShape: number | Shape,
  ...rest: [options?: Maybe<RmsNormOptions>] | [weight: Maybe<Tensor>, eps?: Maybe<number>]
): Tensor {
  const { weight, eps = 2 ** -23 } = takes([input, normalizedShape, ...rest]);
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  const ends = shape.length > 0 && sameShape(input.shape.slice(-shape.length), shape);
  if (!ends || (weight && !sameShape(weight.shape, shape))) {
    throw new ShapeError('rmsNorm', 'the normalised shape does not fit', {
      takes: 'an input that ends in the normalised shape; a weight of that shape',
      got: `input ${describe(input)}, normalizedShape ${formatShape(shape)}${weight ? `, weight ${describe(weight)}` : ''}`,
    });
  }
  const dims = shape.map((_, index) => index - shape.length);
  return scope(() => {
    const out = input.mul(input.square().mean(dims, true).add(eps).rsqrt());
    return weight ? out.mul(weight) : out;
  });
}
