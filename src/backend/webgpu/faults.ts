import { DeviceLostError, KernelError, OutOfMemoryError } from '../errors.ts';

/**
 * Collects what WebGPU reports late: validation, memory, loss. The first failure is kept and thrown by every
 * later call, so that nothing computed after it is taken for a result.
 */
export class Faults {
  #failure: Error | undefined;
  readonly #pending = new Set<Promise<void>>();
  readonly #device: GPUDevice;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then(({ reason, message }) => {
      this.report(
        new DeviceLostError(
          `The GPU device is lost (${reason}): ${message || 'no reason given'}. Tensors on it are gone; call init() ` +
            'again and restore from the last checkpoint.',
        ),
      );
    });
    device.addEventListener('uncapturederror', (event) => {
      this.report(new KernelError(`WebGPU: ${event.error.message}`));
    });
  }

  report(error: Error): void {
    this.#failure ??= error;
  }

  /** Throws the first failure, if there was one. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Runs `make` under error scopes; `describe` is called only when something fails. */
  guard<T>(make: () => T, describe: () => string): T {
    const device = this.#device;
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('internal');
    try {
      return make();
    } finally {
      this.#collect((message) => new KernelError(`${describe()}: ${message}`));
      this.#collect(
        (message) =>
          new OutOfMemoryError(
            `${describe()}: the device is out of memory. Use a smaller batch or model, free tensors with scope(), ` +
              `or device: cpu. (${message})`,
          ),
      );
      this.#collect((message) => new KernelError(`${describe()}: ${message}`));
    }
  }

  #collect(wrap: (message: string) => Error): void {
    const pending = this.#device
      .popErrorScope()
      .then((error) => {
        if (error) this.report(wrap(error.message));
      })
      .catch(() => undefined) // a lost device answers no scope; `lost` has reported it
      .finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Waits for the outcome of everything guarded so far, then throws the first failure, if there was one. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.check();
  }
}
