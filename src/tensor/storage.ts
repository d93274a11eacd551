import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';

/** A device buffer that several tensors may share. It is released with the last of them. */
export class Storage {
  readonly device: Backend;
  readonly buffer: DeviceBuffer;
  /** Counts in-place writes, so that backward detects changes of saved values. */
  version = 0;
  #holders = 1;

  constructor(device: Backend, dtype: DType, length: number) {
    this.device = device;
    this.buffer = device.allocate(dtype, length);
  }

  get shared(): boolean {
    return this.#holders > 1;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.device.release(this.buffer);
  }
}
