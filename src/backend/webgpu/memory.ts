import type { DeviceBuffer, DeviceStats } from '../backend.ts';
import { type DType, itemSize } from '../dtypes.ts';
import { KernelError, OutOfMemoryError } from '../errors.ts';
import type { Faults } from './faults.ts';

/** A buffer on the device: its memory goes back to the pool when it is released. */
export interface GpuBuffer extends DeviceBuffer {
  memory: Memory | undefined;
}

/** GPU memory that outlives the buffers cut from it. `id` is unique and grows in order of creation. */
export interface Memory {
  readonly id: number;
  readonly bytes: number;
  readonly gpu: GPUBuffer;
  /** Recordings whose launches use it: until they are gone it is not handed out again. */
  pins: number;
  /** Whether nobody but recordings holds it. */
  abandoned: boolean;
}

/** What a recording makes: memory that is freed within it serves it again, and nobody else. */
export interface Arena {
  readonly made: Set<Memory>;
  readonly free: Map<number, Memory[]>;
}

// GPUBufferUsage, which is no global in Node.
const STORAGE_COPY = 0x80 | 0x4 | 0x8;

/** Sizes are rounded up to this, so that near sizes share a class. */
const GRAIN = 256;
/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/** The memory of a buffer in use; throws KernelError for one that was released. */
export function memoryOf(buffer: DeviceBuffer): Memory {
  const { memory } = buffer as GpuBuffer;
  if (!memory)
    throw new KernelError(`a buffer of ${buffer.length} ${buffer.dtype} was used after its release`);
  return memory;
}

/** Whether a buffer has not been released. */
export function isAlive(buffer: DeviceBuffer): boolean {
  return (buffer as GpuBuffer).memory !== undefined;
}

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
  readonly #beforeTrim: () => void;
  #created = 0;

  /** @param beforeTrim lets go of everything that refers to free memory, which is then destroyed */
  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats, beforeTrim: () => void) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
    this.#beforeTrim = beforeTrim;
  }

  /** @param arena the recording that asks, whose free memory it takes first */
  allocate(dtype: DType, length: number, arena?: Arena): GpuBuffer {
    const bytes = Math.max(1, Math.ceil((length * itemSize[dtype]) / GRAIN)) * GRAIN;
    const kept = arena?.free.get(bytes)?.shift();
    if (kept) {
      kept.abandoned = false;
      return { dtype, length, memory: kept };
    }
    const memory = this.#recycle(bytes) ?? this.#create(bytes, dtype, length);
    if (arena) {
      arena.made.add(memory);
      memory.pins++;
    }
    this.#stats.buffersAlive++;
    this.#stats.bytesAlive += bytes;
    this.#stats.bytesPeak = Math.max(this.#stats.bytesPeak, this.#stats.bytesAlive);
    return { dtype, length, memory };
  }

  /** @param arena the recording under way, which keeps what it has made */
  release(buffer: GpuBuffer, arena?: Arena): void {
    const memory = memoryOf(buffer);
    buffer.memory = undefined;
    memory.abandoned = memory.pins > 0;
    if (!memory.abandoned) this.#pool(memory);
    else if (arena?.made.has(memory)) shelve(arena.free, memory);
  }

  /** Undoes a pin: memory that nobody holds any more goes to the pool. */
  unpin(memory: Memory): void {
    if (--memory.pins > 0 || !memory.abandoned) return;
    memory.abandoned = false;
    this.#pool(memory);
  }

  #recycle(bytes: number): Memory | undefined {
    const memory = this.#free.get(bytes)?.shift();
    if (memory) this.#stats.bytesPooled -= bytes;
    return memory;
  }

  #pool(memory: Memory): void {
    shelve(this.#free, memory);
    this.#stats.buffersAlive--;
    this.#stats.bytesAlive -= memory.bytes;
    this.#stats.bytesPooled += memory.bytes;
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) this.trim();
  }

  /** Gives all free memory back to the device. */
  trim(): void {
    this.#beforeTrim();
    for (const peers of this.#free.values()) for (const memory of peers) memory.gpu.destroy();
    this.#free.clear();
    this.#stats.bytesPooled = 0;
  }

  #create(bytes: number, dtype: DType, length: number): Memory {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    // Negated, so that a length which is no number does not pass.
    if (!(bytes <= most)) {
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
    return { id: this.#created++, bytes, gpu, pins: 0, abandoned: false };
  }
}

/** Puts memory among the free of its size, oldest first. */
function shelve(free: Map<number, Memory[]>, memory: Memory): void {
  const peers = free.get(memory.bytes) ?? [];
  const position = peers.findIndex((peer) => peer.id > memory.id);
  peers.splice(position < 0 ? peers.length : position, 0, memory);
  free.set(memory.bytes, peers);
}
