import { platform } from '#platform';
import { DeviceLostError, KernelError, OutOfMemoryError } from '../errors.ts';

/** What can go wrong with a command, in WebGPU's terms. */
type Filters = readonly GPUErrorFilter[];

const ALL: Filters = ['validation', 'out-of-memory', 'internal'];

/** What the device offers to those who wait for bad news. */
export type WatchedDevice = Pick<GPUDevice, 'lost' | 'addEventListener' | 'pushErrorScope' | 'popErrorScope'>;

/**
 * Collects what WebGPU reports late: validation, memory, loss. The first failure is kept and thrown by every
 * later call, so that nothing computed after it is taken for a result.
 */
export class Faults {
  #failure: Error | undefined;
  /** Fulfilled when everything guarded so far has its outcome. */
  #settled: Promise<void> = Promise.resolve();
  readonly #device: WatchedDevice;

  constructor(device: WatchedDevice) {
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
      const { error } = event;
      // Dawn prints it otherwise.
      event.preventDefault();
      const kind = error.constructor.name === 'GPUOutOfMemoryError' ? 'out-of-memory' : 'validation';
      this.report(toError(kind, 'WebGPU', error.message));
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
  guard<T>(make: () => T, describe: () => string, filters: Filters = ALL): T {
    for (const filter of filters) this.#device.pushErrorScope(filter);
    try {
      return make();
    } finally {
      for (const filter of filters.toReversed()) this.#collect(filter, describe);
    }
  }

  /** Waits for the outcome of everything guarded so far, then throws the first failure, if there was one. */
  async settle(): Promise<void> {
    await this.#settled;
    this.check();
  }

  /** Throws what stands behind an error that WebGPU raised itself: a failure reported by now, or else `error`. */
  async explain(error: unknown, what: string): Promise<never> {
    // The device's loss is reported after the calls that it makes fail.
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
