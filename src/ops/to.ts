import type { Backend } from '../backend/backend.ts';
import { type DType, isFloating } from '../backend/dtypes.ts';
import { signature } from '../tensor/arguments.ts';
import { empty, tensor } from '../tensor/create.ts';
import { DTypeError } from '../tensor/errors.ts';
import { DEVICE, DTYPE, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { extentOf } from '../tensor/shape.ts';
import { withGradient, withoutGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { toHalf } from './support/factors.ts';
import { elementOf } from './support/launch.ts';
import { convertInMemory } from './support/inMemory.ts';
import { viewOf } from './support/layout.ts';

const takes = signature('to', { x: TENSOR, dtype: DTYPE });
const toDeviceArguments = signature('toDevice', { x: TENSOR, device: DEVICE });

/**
 * The values in another dtype. Floating to int32 truncates toward zero and saturates; NaN becomes 0. To bool, values
 * other than zero become true.
 *
 * uint8 data (images) can be converted to every dtype, but nothing to uint8.
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
  takes(arguments);
  if (dtype === x.dtype) return viewOf('to', x, x, (gradient) => gradient);
  if (dtype === 'uint8') {
    throw new DTypeError('to', 'no conversion to uint8', {
      takes: 'another dtype; tensor(Uint8Array.from(values)) makes uint8 data on the host',
      got: describe(x),
    });
  }
  if (dtype === 'float16') return scope(() => toHalf(x.to('float32')));
  if (x.dtype === 'uint8') return withoutGradient('to', unpacked(x, dtype), [x]);
  const out = convertInMemory(x, dtype, (source, result) => {
    x.device.run(
      'cast',
      { x: source.storage.buffer, out: result.storage.buffer },
      { size: result.numel(), offset: source.offset },
      {
        TO_BOOL: dtype === 'bool',
        FLOAT_TO_INTEGER: isFloating(x.dtype) && dtype === 'int32',
        From: x.dtype === 'float16' ? 'f16' : elementOf(x.dtype).Element,
        To: elementOf(dtype).Element,
      },
    );
  });
  if (!isFloating(dtype)) return withoutGradient('to', out, [x]);
  const before = x.dtype;
  return withGradient('to', out, [x], [], (gradient) => [() => gradient.to(before)]);
}

/** Bytes in another dtype. A view is read from the converted bytes between its first and its last. */
function unpacked(x: Tensor, dtype: DType): Tensor {
  if (x.numel() === 0) return empty(x.shape, { dtype, device: x.device });
  const { shape, strides, offset } = x;
  const { first, size } = extentOf(x);
  return scope(() => {
    const all = empty([size], { dtype, device: x.device });
    x.device.run(
      'unpackBytes',
      { x: x.storage.buffer, out: all.storage.buffer },
      { size, offset: first },
      { TO_BOOL: dtype === 'bool', To: elementOf(dtype).Element },
    );
    return all.withLayout({ shape, strides, offset: offset - first }).contiguous();
  });
}

/** A copy on another device. The values travel through the host, and the copy has no history. */
export function toDevice(x: Tensor, device: Backend): Promise<Tensor> {
  toDeviceArguments(arguments);
  return copiedTo(x, device);
}

async function copiedTo(x: Tensor, device: Backend): Promise<Tensor> {
  return tensor(await x.data(), { shape: x.shape, dtype: x.dtype, device });
}
