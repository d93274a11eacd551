import type { Backend } from '../backend/backend.ts';
import { type DType, isFloating } from '../backend/dtypes.ts';
import { empty, tensor } from '../tensor/create.ts';
import { scope } from '../tensor/scope.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { toHalf } from './support/factors.ts';
import { checkDtype, elementOf } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { viewOf } from './support/layout.ts';

/**
 * The values in another dtype. Floating to int32 truncates toward zero and saturates; NaN becomes 0. To bool, values
 * other than zero become true.
 *
 * Gradients flow between floating dtypes.
 *
 * float16 stores factors for `matmul`, which sums in float32. float32 is rounded to the nearest float16. `autocast`
 * does this automatically.
 *
 * @example
 * logits.argmax(1).eq(labels).to('float32').mean(); // the accuracy
 */
export function to(x: Tensor, dtype: DType): Tensor {
  checkDtype('to', x, 'float32', 'float64', 'int32', 'bool', 'float16');
  if (dtype === x.dtype) return viewOf('to', x, x, (gradient) => gradient);
  if (dtype === 'float16') return scope(() => toHalf(x.to('float32')));
  const out = empty(x.shape, { dtype, device: x.device });
  if (out.numel() > 0) {
    const source = dense(x);
    x.device.run(
      'cast',
      { x: source.storage.buffer, out: out.storage.buffer },
      { size: out.numel(), offset: source.offset },
      {
        TO_BOOL: dtype === 'bool',
        FLOAT_TO_INTEGER: isFloating(x.dtype) && dtype === 'int32',
        From: x.dtype === 'float16' ? 'f16' : elementOf(x.dtype).Element,
        To: elementOf(dtype).Element,
      },
    );
    freeCopy(source, x);
  }
  if (!isFloating(dtype)) return out;
  const before = x.dtype;
  return withGradient('to', out, [x], [], (gradient) => [() => gradient.to(before)]);
}

/** A copy on another device. The values travel through the host, and the copy has no history. */
export async function toDevice(x: Tensor, device: Backend): Promise<Tensor> {
  return tensor(await x.data(), { shape: x.shape, dtype: x.dtype, device });
}
