import { FUNCTION, signature } from './arguments.ts';
import { oneOf } from './kinds.ts';
import { refusePromise } from './synchronous.ts';

/** The type to which factors of products and convolutions are rounded. */
export type AutocastType = 'float16' | 'float32';

let present: AutocastType = 'float32';

/** The type to which float32 factors are rounded now. */
export function autocastType(): AutocastType {
  return present;
}

const takes = signature('autocast', { dtype: oneOf('float16', 'float32'), body: FUNCTION });

/**
 * Runs `body` with the factors of `matmul`, `linear` and `conv2d` rounded to float16, in forward and in the later
 * backward. This halves the bytes that they load. Sums, results, parameters, gradients and all other operations stay
 * float32.
 *
 * Gradients below 6e-8 round to zero, and above 65504 to infinity. Scale the loss with `optim.GradScaler`.
 *
 * Source: Micikevicius et al.: Mixed precision training (2018); PyTorch's torch.autocast, where results are float16.
 *
 * @param dtype float16 requires a device with float16, or the CPU, which computes with the rounded numbers; float32
 *   turns rounding off inside another `autocast`
 * @throws DeviceError, from the operations, if the device has no float16
 * @example
 * const loss = autocast('float16', () => crossEntropy(model.forward(images), labels));
 */
export function autocast<T>(dtype: AutocastType, body: () => T): T {
  takes(arguments);
  const before = present;
  present = dtype;
  try {
    const result = body();
    refusePromise('autocast', result);
    return result;
  } finally {
    present = before;
  }
}
