import type { DeviceStats } from '../backend.ts';
import { type DType, hostArray, type TypedArray } from '../dtypes.ts';
import { OutOfMemoryError } from '../errors.ts';
import type { MemorySource, PooledBuffer, PooledMemory } from '../memoryPool.ts';
import { type Heap, inHeap } from './simd/heap.ts';

/** An array. It outlives the buffers that use it. */
export interface Memory extends PooledMemory {
  readonly dtype: DType;
  readonly array: TypedArray;
}

/** Arrays by dtype and length. The array that was freed last is taken first, because it may still be in the caches. */
export class HostMemory implements MemorySource<Memory> {
  readonly device = 'cpu';
  readonly #stats: DeviceStats;
  readonly #heap: Heap | undefined;

  /** @param heap the memory of arrays that WebAssembly uses, if it is used */
  constructor(stats: DeviceStats, heap: Heap | undefined) {
    this.#stats = stats;
    this.#heap = heap;
  }

  kindOf(dtype: DType, length: number): string {
    return `${dtype} ${length}`;
  }

  create(dtype: DType, length: number): Memory {
    this.#stats.buffersCreated++;
    try {
      if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`invalid length: ${length}`);
      // Truth values are bytes here.
      const stored = dtype === 'bool' ? 'uint8' : dtype;
      const array = this.#heap?.array(stored, length) ?? hostArray(stored, length);
      const kind = this.kindOf(dtype, length);
      return {
        source: this,
        dtype,
        array,
        kind,
        bytes: array.byteLength,
        pins: 0,
        abandoned: false,
        idleSince: 0,
      };
    } catch (error) {
      throw new OutOfMemoryError(
        `A buffer of ${length} ${dtype} does not fit into memory (${this.#stats.bytesAlive} bytes in use): ` +
          `use a smaller batch or model, or free tensors with scope(). (${String(error)})`,
      );
    }
  }

  destroy(memories: readonly Memory[]): void {
    for (const { array } of memories) {
      if (inHeap(array)) this.#heap?.give(array.byteOffset, array.byteLength);
    }
  }

  shelve(peers: Memory[], memory: Memory): void {
    peers.push(memory);
  }

  whole(memory: Memory): PooledBuffer<Memory> {
    return { dtype: memory.dtype, length: memory.array.length, memory };
  }
}
