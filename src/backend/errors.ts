import { WgradError } from '../platform/errors.ts';

export { AdapterError, KernelError, WgradError } from '../platform/errors.ts';

/** The device is gone: destroyed, reset or crashed. Nothing on it can be used. */
export class DeviceLostError extends WgradError {
  override name = 'DeviceLostError';
}

/** The device has no memory for a buffer, or the buffer is larger than the device allows. */
export class OutOfMemoryError extends WgradError {
  override name = 'OutOfMemoryError';
}

/** A step cannot be captured, or a replay would differ from the step itself. */
export class CaptureError extends WgradError {
  override name = 'CaptureError';
}
