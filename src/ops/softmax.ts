import { signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { INTEGER, TENSOR } from '../tensor/kinds.ts';
import { axisOf, sizeOf } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';

const softmaxArguments = signature('softmax', { x: TENSOR, dim: INTEGER });
const logSoftmaxArguments = signature('logSoftmax', { x: TENSOR, dim: INTEGER });

/**
 * exp(x) divided by its sum along a dim. The maximum is subtracted first.
 *
 *     y_j = exp(x_j) / Σ_i exp(x_i),   ∂loss/∂x = y ⊙ (g - Σ g ⊙ y)
 *
 * @param dim the dim along which the results sum to 1
 * @example
 * logits.softmax(1); // class probabilities
 */
export function softmax(x: Tensor, dim: number): Tensor {
  softmaxArguments(arguments);
  const out = launchSoftmax('softmax', x, dim, false);
  return withGradient(
    'softmax',
    out,
    [x],
    [out],
    (gradient, y) => [
      () => {
        const weighted = gradient.mul(y);
        return weighted.sub(y.mul(weighted.sum(dim, true)));
      },
    ],
    dim,
  );
}

/**
 * The logarithm of softmax, accurate for small probabilities.
 *
 *     y_j = x_j - log Σ_i exp(x_i),   ∂loss/∂x = g - exp(y) Σ g
 */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  logSoftmaxArguments(arguments);
  const out = launchSoftmax('logSoftmax', x, dim, true);
  return withGradient(
    'logSoftmax',
    out,
    [x],
    [out],
    (gradient, y) => [() => gradient.sub(y.exp().mul(gradient.sum(dim, true)))],
    dim,
  );
}

function launchSoftmax(name: string, x: Tensor, dim: number, logarithm: boolean): Tensor {
  checkDtype(name, x, 'float32', 'float64');
  const axis = axisOf(name, dim, x.ndim);
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() === 0) return out;
  const source = dense(x);
  const length = x.shape[axis] ?? 1;
  x.device.run(
    'softmax',
    { x: source.storage.buffer, out: out.storage.buffer },
    { rows: x.numel() / length, length, inner: sizeOf(x.shape.slice(axis + 1)), offset: source.offset },
    { LOGARITHM: logarithm },
  );
  freeCopy(source, x);
  return out;
}
