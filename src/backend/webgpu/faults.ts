import { platform } from '#platform';
import { DeviceLostError, KernelError, OutOfMemoryError } from '../errors.ts';

/** The kinds of errors of a command, in WebGPU's terms. */
type Filters = readonly GPUErrorFilter[];

const ALL: Filters = ['validation', 'out-of-memory', 'internal'];

/** The part of a device that reports errors. */
export type WatchedDevice = Pick<
  GPUDevice,
  'lost' | 'addEventListener' | 'removeEventListener' | 'pushErrorScope' | 'popErrorScope'
>;

/**
 * Collects errors that WebGPU reports late: validation, memory, loss. The first error is kept, and every later call
 * throws it, so that nothing computed after it is used as a result.
 */
export class Faults {
  #failure: Error | undefined;
  /** Fulfilled when the outcome of everything guarded so far is known. */
  #settled: Promise<void> = Promise.resolve();
  readonly #device: WatchedDevice;
  readonly #uncaptured = (event: GPUUncapturedErrorEvent): void => {
    const { error } = event;
    // Otherwise Dawn prints the error.
    event.preventDefault();
    const kind = error.constructor.name === 'GPUOutOfMemoryError' ? 'out-of-memory' : 'validation';
    this.report(toError(kind, 'WebGPU', error.message));
  };

  constructor(device: WatchedDevice) {
    this.#device = device;
    void device.lost.then(({ reason, message }) => {
      this.report(
        new DeviceLostError(
          `The GPU device is lost (${reason}): ${message.replace(/\.+$/, '') || 'no reason given'}. Tensors on it are gone; call init() ` +
            'again and restore from the last checkpoint.',
        ),
      );
    });
    device.addEventListener('uncapturederror', this.#uncaptured);
  }

  /** Stops listening. A device in Node is never collected while its native part holds a listener that holds the device. */
  close(): void {
    this.#device.removeEventListener('uncapturederror', this.#uncaptured);
  }

  report(error: Error): void {
    this.#failure ??= error;
  }

  /** Throws the first error, if there is one. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Runs `make` under error scopes. `describe` is called only for an error. */
  guard<T>(make: () => T, describe: () => string, filters: Filters = ALL): T {
    for (const filter of filters) this.#device.pushErrorScope(filter);
    try {
      return make();
    } finally {
      for (const filter of filters.toReversed()) this.#collect(filter, describe);
    }
  }

  /** Waits for the outcome of everything guarded so far, then throws the first error, if there is one. */
  async settle(): Promise<void> {
    await this.#settled;
    this.check();
  }

  /** Throws the cause of an error that WebGPU raised: an error that was reported by now, otherwise `error`. */
  async explain(error: unknown, what: string): Promise<never> {
    // The loss of a device is reported after the calls that fail because of it.
    await platform.pause();
    await this.settle();
    throw new KernelError(`${what} failed: ${String(error)}`);
  }

  #collect(filter: GPUErrorFilter, describe: () => string): void {
    const outcome = this.#device
      .popErrorScope()
      .then((error) => {
        if (error) this.report(toError(filter, describe(), error.message));
      })
      .catch(() => undefined); // a lost device answers no scope; `lost` has reported it
    this.#settled = this.#settled.then(() => outcome);
  }
}

function toError(filter: GPUErrorFilter, what: string, message: string): Error {
  if (filter !== 'out-of-memory') return new KernelError(`${what}: ${message.trimEnd()}`);
  return new OutOfMemoryError(
    `${what}: the device is out of memory. Call init() again with a smaller batch or model, free tensors with ` +
      `scope(), or use device: cpu. (${message.trimEnd()})`,
  );
}
