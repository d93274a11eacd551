import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';
import { activeRecorder, effect, outsideCapture } from '../backend/recorder.ts';

let made = 0;

/** The number of storages made so far. */
export function storagesMade(): number {
  return made;
}

/**
 * The memory that a tensor and its views share: a device buffer, or a range of one. It is released with the last of
 * them.
 *
 * Its tensors follow when it moves, so all views of a parameter see what an optimizer does to it. Whoever keeps the buffer
 * itself, as a recording does, must notice the move.
 */
export class Storage {
  readonly device: Backend;
  readonly dtype: DType;
  /** The number of elements. */
  readonly length: number;
  /** Grows with time. */
  readonly serial: number = made++;
  /** Counts in-place writes, so that backward detects changes of saved values. */
  version = 0;
  /**
   * Whether it holds a result of a captured step: `returned` is one that no recording may read, because later calls
   * return other storages; `overwritten` one whose values a later call has replaced.
   */
  result: 'returned' | 'overwritten' | undefined;
  #buffer: DeviceBuffer;
  #base: number;
  /** Gives up the hold on the buffer. */
  #free: () => void;
  #holders = 1;

  private constructor(
    device: Backend,
    buffer: DeviceBuffer,
    { base, length, free }: { base: number; length: number; free: () => void },
  ) {
    this.device = device;
    this.dtype = buffer.dtype;
    this.length = length;
    this.#buffer = buffer;
    this.#base = base;
    this.#free = free;
    activeRecorder()?.adopts(this);
  }

  /** A storage with a buffer of its own. */
  static allocate(device: Backend, dtype: DType, length: number): Storage {
    const buffer = device.allocate(dtype, length);
    return new Storage(device, buffer, { base: 0, length, free: () => device.release(buffer) });
  }

  /** The buffer that holds the elements, and perhaps others around them. */
  get buffer(): DeviceBuffer {
    return this.#buffer;
  }

  /** The position of the first element in the buffer. */
  get base(): number {
    return this.#base;
  }

  get shared(): boolean {
    return this.#holders > 1;
  }

  /** Whether a tensor still holds it. */
  get held(): boolean {
    return this.#holders > 0;
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
    return this.part(this.#base, this.length);
  }

  /** Notes an in-place write, now and in every replay of the captured step. */
  changed(): void {
    effect(() => {
      this.version++;
    });
  }

  /** Another storage on a range of this one's buffer, with a version of its own. */
  part(base: number, length: number): Storage {
    this.retain();
    return new Storage(this.device, this.#buffer, { base, length, free: () => this.release() });
  }

  /** Copies the elements to a range of another storage's buffer, and moves all tensors on this storage there. */
  moveInto(other: Storage, base: number): void {
    copyElements(this.length, this, this.#base, other, base);
    other.retain();
    this.#free();
    this.#buffer = other.buffer;
    this.#base = base;
    this.#free = () => other.release();
  }

  /** Moves all tensors on this storage to a buffer of their own, before others write to the range. */
  moveOut(): void {
    outsideCapture(() => {
      const own = Storage.allocate(this.device, this.dtype, this.length);
      this.moveInto(own, 0);
      own.release();
    });
  }
}

/** Copies contiguous elements between different buffers. The positions count from the starts of the buffers. */
export function copyElements(
  size: number,
  x: Storage,
  xOffset: number,
  out: Storage,
  outOffset: number,
): void {
  if (size === 0) return;
  out.device.run(
    'copy',
    { x: x.buffer, out: out.buffer },
    { size, xOffset, outOffset, shape: [1, 1, 1, size], xStrides: [0, 0, 0, 1], outStrides: [0, 0, 0, 1] },
    { RANK: 1, Element: x.dtype === 'float16' ? 'f16' : 'u32' },
  );
}
