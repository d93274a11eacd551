import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';
import { activeRecorder } from '../backend/recorder.ts';

let made = 0;

/** The number of storages made so far. */
export function storagesMade(): number {
  return made;
}

/** A device buffer that several tensors may share. It is released with the last of them. */
export class Storage {
  readonly device: Backend;
  readonly buffer: DeviceBuffer;
  /** Grows with time. */
  readonly serial: number = made++;
  /** Counts in-place writes, so that backward detects changes of saved values. */
  version = 0;
  /**
   * Whether it holds a result of a captured step: `returned` is one that no recording may read, because later calls
   * return other storages; `overwritten` one whose values a later call has replaced.
   */
  result: 'returned' | 'overwritten' | undefined;
  readonly #free: () => void;
  #holders = 1;

  /** @param free releases the buffer */
  constructor(device: Backend, buffer: DeviceBuffer, free: () => void) {
    this.device = device;
    this.buffer = buffer;
    this.#free = free;
    activeRecorder()?.adopts(this);
  }

  static allocate(device: Backend, dtype: DType, length: number): Storage {
    const buffer = device.allocate(dtype, length);
    return new Storage(device, buffer, () => device.release(buffer));
  }

  get shared(): boolean {
    return this.#holders > 1;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.#free();
  }

  /** A storage on the same buffer for tensors whose values are valid for a shorter time. */
  lend(): Storage {
    this.retain();
    return new Storage(this.device, this.buffer, () => this.release());
  }
}
