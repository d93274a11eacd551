/** Base of every error that wgrad throws on purpose. */
export class WgradError extends Error {
  override name = 'WgradError';
}

/** No adapter can be used; the message says what was tried and what mends it. */
export class AdapterError extends WgradError {
  override name = 'AdapterError';
}

/** A kernel does not compile, was launched against its signature, or failed on the device. */
export class KernelError extends WgradError {
  override name = 'KernelError';
}
