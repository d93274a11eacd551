import type { DeviceStats } from '../backend.ts';
import { type DType, itemSize } from '../dtypes.ts';
import { OutOfMemoryError } from '../errors.ts';
import type { MemorySource, PooledBuffer, PooledMemory } from '../memoryPool.ts';
import type { Faults } from './faults.ts';

/** GPU memory. `id` is unique and grows in order of creation. */
export interface Memory extends PooledMemory {
  readonly id: number;
  readonly gpu: GPUBuffer;
}

// GPUBufferUsage, which is not a global in Node.
const STORAGE_COPY = 0x80 | 0x4 | 0x8;

/** Sizes are rounded up to this, so that similar sizes share a class. */
const GRAIN = 256;

/**
 * GPU memory by exact size class.
 *
 * A released buffer may be reused immediately, because the queue runs launches in order. The oldest of several free
 * buffers is taken, so a step that starts from the same free set gets the same buffers, and with them the same cached
 * bind groups.
 */
export class GpuMemory implements MemorySource<Memory> {
  readonly device = 'webgpu';
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;
  readonly #beforeDestroy: () => void;
  #created = 0;

  /** @param beforeDestroy drops all references to free memory */
  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats, beforeDestroy: () => void) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
    this.#beforeDestroy = beforeDestroy;
  }

  kindOf(dtype: DType, length: number): number {
    return Math.max(1, Math.ceil((length * itemSize[dtype]) / GRAIN)) * GRAIN;
  }

  create(dtype: DType, length: number): Memory {
    const bytes = this.kindOf(dtype, length);
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    // Negated, so that NaN does not pass.
    if (!(bytes <= most)) {
      throw new OutOfMemoryError(
        `A buffer of ${length} ${dtype} takes ${bytes} bytes; this device allows ${most}. ` +
          'Split the tensor, use a smaller batch, or device: cpu.',
      );
    }
    this.#stats.buffersCreated++;
    const gpu = this.#faults.guard(
      () => this.#device.createBuffer({ size: bytes, usage: STORAGE_COPY }),
      () => `a buffer of ${length} ${dtype}, with ${this.#stats.bytesAlive} bytes alive`,
    );
    return {
      source: this,
      id: this.#created++,
      kind: bytes,
      bytes,
      gpu,
      pins: 0,
      abandoned: false,
      idleSince: 0,
    };
  }

  destroy(memories: readonly Memory[]): void {
    this.#beforeDestroy();
    for (const { gpu } of memories) gpu.destroy();
  }

  shelve(peers: Memory[], memory: Memory): void {
    const position = peers.findIndex((peer) => peer.id < memory.id);
    peers.splice(position < 0 ? peers.length : position, 0, memory);
  }

  /** As words. */
  whole(memory: Memory): PooledBuffer<Memory> {
    return { dtype: 'int32', length: memory.bytes / 4, memory };
  }
}
