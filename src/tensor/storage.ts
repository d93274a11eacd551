import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';

/** A device buffer shared by the tensors that view it; handed back when the last of them lets go. */
export class Storage {
  readonly device: Backend;
  readonly buffer: DeviceBuffer;
  /** Counts writes in place, so that backward can tell that a value it saved has changed. */
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
