/** Base of every error that wgrad throws on purpose. */
export class WgradError extends Error {
  override name = 'WgradError';
}

/** No adapter can be used; the message says what was tried and what mends it. */
export class AdapterError extends WgradError {
  override name = 'AdapterError';
}

/** The device is gone: destroyed, reset or crashed. Nothing on it can be used any more. */
export class DeviceLostError extends WgradError {
  override name = 'DeviceLostError';
}

/** The device has no memory for a buffer, or the buffer is larger than the device allows. */
export class OutOfMemoryError extends WgradError {
  override name = 'OutOfMemoryError';
}

/** A step cannot be captured, or a replay would not be what the step itself does. */
export class CaptureError extends WgradError {
  override name = 'CaptureError';
}

/** A kernel does not compile, was launched against its signature, or failed on the device. */
export class KernelError extends WgradError {
  override name = 'KernelError';
}
