import { ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/**
 * The affine map x Wᵀ + b.
 *
 * @param x […, inFeatures]
 * @param weight [outFeatures, inFeatures]
 * @param bias [outFeatures]
 * @throws ShapeError when the sizes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const fits =
    weight.ndim === 2 &&
    x.shape.at(-1) === weight.shape[1] &&
    (!bias || bias.shape.at(-1) === weight.shape[0]);
  if (!fits) {
    throw new ShapeError('linear', 'sizes do not fit', {
      takes: 'x […, in], weight [out, in], bias [out]',
      got: `x ${describe(x)}, weight ${describe(weight)}${bias ? `, bias ${describe(bias)}` : ''}`,
    });
  }
  return scope(() => {
    const product = x.matmul(weight.t());
    return bias ? product.add(bias) : product;
  });
}
