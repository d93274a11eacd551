import type { DeviceBuffer, DeviceStats } from '../backend.ts';
import { type DType, itemSize } from '../dtypes.ts';
import { OutOfMemoryError } from '../errors.ts';
import type { Faults } from './faults.ts';

/** A buffer on the device. `id` is unique and grows in order of creation. */
export interface GpuBuffer extends DeviceBuffer {
  readonly memory: Memory;
}

/** GPU memory that outlives the buffers cut from it. */
export interface Memory {
  readonly id: number;
  readonly bytes: number;
  readonly gpu: GPUBuffer;
}

// GPUBufferUsage, which is no global in Node.
const STORAGE_COPY = 0x80 | 0x4 | 0x8;

/** Sizes are rounded up to this, so that near sizes share a class. */
const GRAIN = 256;
/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/**
 * A pool of buffers by exact size class.
 *
 * A freed buffer may be handed out at once: the queue runs launches in order. Of several free buffers the oldest
 * is taken, so that a step which starts from the same free set gets the same buffers, and with them the same
 * cached bind groups.
 */
export class MemoryPool {
  readonly #free = new Map<number, Memory[]>();
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;
  readonly #evicted: (memory: Memory) => void;
  #created = 0;

  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats, evicted: (memory: Memory) => void) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
    this.#evicted = evicted;
  }

  allocate(dtype: DType, length: number): GpuBuffer {
    const bytes = Math.max(1, Math.ceil((length * itemSize[dtype]) / GRAIN)) * GRAIN;
    const memory = this.#free.get(bytes)?.shift();
    if (memory) this.#stats.bytesPooled -= bytes;
    const taken = memory ?? this.#create(bytes, dtype, length);
    this.#stats.buffersAlive++;
    this.#stats.bytesAlive += bytes;
    this.#stats.bytesPeak = Math.max(this.#stats.bytesPeak, this.#stats.bytesAlive);
    return { dtype, length, memory: taken };
  }

  release({ memory }: GpuBuffer): void {
    const peers = this.#free.get(memory.bytes) ?? [];
    const position = peers.findIndex((peer) => peer.id > memory.id);
    peers.splice(position < 0 ? peers.length : position, 0, memory);
    this.#free.set(memory.bytes, peers);
    this.#stats.buffersAlive--;
    this.#stats.bytesAlive -= memory.bytes;
    this.#stats.bytesPooled += memory.bytes;
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) this.trim();
  }

  /** Gives all free memory back to the device. */
  trim(): void {
    for (const peers of this.#free.values()) {
      for (const memory of peers) {
        this.#evicted(memory);
        memory.gpu.destroy();
      }
    }
    this.#free.clear();
    this.#stats.bytesPooled = 0;
  }

  #create(bytes: number, dtype: DType, length: number): Memory {
    const most = Math.min(this.#device.limits.maxStorageBufferBindingSize, this.#device.limits.maxBufferSize);
    if (bytes > most) {
      throw new OutOfMemoryError(
        `A buffer of ${length} ${dtype} takes ${bytes} bytes; this device takes ${most} at most. ` +
          'Split the tensor, use a smaller batch, or device: cpu.',
      );
    }
    this.#stats.buffersCreated++;
    const gpu = this.#faults.guard(
      () => this.#device.createBuffer({ size: bytes, usage: STORAGE_COPY }),
      () => `a buffer of ${length} ${dtype}, with ${this.#stats.bytesAlive} bytes alive`,
    );
    return { id: this.#created++, bytes, gpu };
  }
}
