/** The base class of every error that wgrad throws on purpose. */
export class WgradError extends Error {
  override name = 'WgradError';
}

/** No adapter can be used. The message says what was tried and the remedy. */
export class AdapterError extends WgradError {
  override name = 'AdapterError';
}

/** A kernel does not compile, does not match its launch, or failed on the device. */
export class KernelError extends WgradError {
  override name = 'KernelError';
}
