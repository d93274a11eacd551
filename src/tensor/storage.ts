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
 * Its tensors follow when it moves, so all views of a parameter see what an optimizer does to it. Code that keeps the
 * buffer itself, such as a recording, must check whether it has moved.
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
  /** The buffer that holds the elements, and perhaps others around them. Only `moveInto` changes it. */
  buffer: DeviceBuffer;
  /** The position of the first element in the buffer. */
  base: number;
  /** The storage that owns the buffer, of which this one is a part; undefined for the owner. */
  #owner: Storage | undefined;
  #holders = 1;

  private constructor(
    buffer: DeviceBuffer,
    device: Backend,
    owner?: Storage,
    base: number = 0,
    length: number = buffer.length,
  ) {
    this.device = device;
    this.dtype = buffer.dtype;
    this.length = length;
    this.buffer = buffer;
    this.base = base;
    this.#owner = owner;
    activeRecorder()?.adopts(this);
  }

  /** A storage with a buffer of its own. */
  static allocate(device: Backend, dtype: DType, length: number): Storage {
    return new Storage(device.allocate(dtype, length), device);
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
    if (--this.#holders === 0) this.#leave();
  }

  /** Gives up the hold on the buffer. */
  #leave(): void {
    if (this.#owner) this.#owner.release();
    else this.device.release(this.buffer);
  }

  /** A storage on the same buffer for tensors whose values are valid for a shorter time. */
  lend(): Storage {
    return this.part(this.base, this.length);
  }

  /** Notes an in-place write, now and in every replay of the captured step. */
  changed(): void {
    effect(() => {
      this.version++;
    });
  }

  /** Another storage on a range of this one's buffer, with a version of its own. */
  part(base: number, length: number): Storage {
    return new Storage(this.buffer, this.device, this.retain(), base, length);
  }

  /** Copies the elements to a range of another storage's buffer, and moves all tensors on this storage there. */
  moveInto(other: Storage, base: number): void {
    copyElements(this, other, base);
    this.#leave();
    this.#owner = other.retain();
    this.buffer = other.buffer;
    this.base = base;
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

/** Copies the elements of a storage to a range of another buffer. */
function copyElements({ buffer, base, length, dtype }: Storage, out: Storage, outOffset: number): void {
  if (length === 0) return;
  const layout = { shape: [1, 1, 1, length], xStrides: [0, 0, 0, 1], outStrides: [0, 0, 0, 1] } as const;
  out.device.run(
    'copy',
    { x: buffer, out: out.buffer },
    { size: length, xOffset: base, outOffset, ...layout },
    { RANK: 1, Element: dtype === 'float16' ? 'f16' : 'u32' },
  );
}
