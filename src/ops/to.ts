import type { DType } from '../backend/dtypes.ts';
import { isFloating } from '../backend/dtypes.ts';
import { empty } from '../tensor/create.ts';
import { record } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype, dense, elementOf, freeCopy } from './launch.ts';
import { viewOf } from './layout.ts';

/**
 * The values in another dtype. float to int32 truncates toward zero and saturates, NaN becoming 0; to bool, what is
 * not zero is true.
 *
 * Gradients flow between floating dtypes.
 *
 * @example
 * logits.argmax(1).eq(labels).to('float32').mean(); // the accuracy
 */
export function to(x: Tensor, dtype: DType): Tensor {
  checkDtype('to', x, 'float32', 'float64', 'int32', 'bool');
  if (dtype === x.dtype) return viewOf('to', x, x, (gradient) => gradient);
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
        From: elementOf(x.dtype).Element,
        To: elementOf(dtype).Element,
      },
    );
    freeCopy(source, x);
  }
  if (!isFloating(dtype)) return out;
  const before = x.dtype;
  return record('to', out, [x], [], (gradient) => [() => gradient.to(before)]);
}
