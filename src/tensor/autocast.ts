import { WgradError } from '../backend/errors.ts';

/** What factors of products and convolutions are rounded to. */
export type AutocastType = 'float16' | 'float32';

let present: AutocastType = 'float32';

/** What float32 factors are rounded to at present. */
export function autocastType(): AutocastType {
  return present;
}

/**
 * Runs `body` with the factors of `matmul`, `linear` and `conv2d` rounded to float16, in forward and later in backward:
 * half the bytes to load. Sums, results, parameters and gradients stay float32, as does every other operation.
 *
 * Gradients below 6e-8 would be rounded to zero, and above 65504 to infinity: scale the loss, with `optim.GradScaler`.
 *
 * Source: Micikevicius et al.: Mixed precision training (2018); PyTorch's torch.autocast, where results are float16.
 *
 * @param dtype float16, on devices that have it and on the CPU, which computes with the rounded numbers; float32 switches
 *   it off within another `autocast`
 * @throws DeviceError, by the operations, where the device has no float16
 * @example
 * const loss = autocast('float16', () => crossEntropy(model.forward(images), labels));
 */
export function autocast<T>(dtype: AutocastType, body: () => T): T {
  const before = present;
  present = dtype;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new WgradError(
        'autocast: takes a synchronous function, got one that returns a promise; await outside of it',
      );
    }
    return result;
  } finally {
    present = before;
  }
}
