import type { DeviceBuffer, DeviceStats } from '../backend.ts';
import { type DType, hostArray, type TypedArray } from '../dtypes.ts';
import { KernelError, OutOfMemoryError } from '../errors.ts';
import { type Heap, inHeap } from './simd/heap.ts';

/** A buffer: its memory goes back to the pool when it is released. */
export interface CpuBuffer extends DeviceBuffer {
  memory: Memory | undefined;
}

/** An array that outlives the buffers which it serves. */
export interface Memory {
  readonly dtype: DType;
  readonly array: TypedArray;
  /** Recordings whose launches use it: until they are gone it is not handed out again. */
  pins: number;
  /** Whether nobody but recordings holds it. */
  abandoned: boolean;
}

/** What a recording makes: memory that is freed within it serves it again, and nobody else. */
export interface Arena {
  readonly made: Set<Memory>;
  readonly free: Map<string, Memory[]>;
}

/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/** The memory of a buffer in use; throws KernelError for one that was released. */
export function memoryOf(buffer: DeviceBuffer): Memory {
  const { memory } = buffer as CpuBuffer;
  if (memory) return memory;
  throw new KernelError(`a buffer of ${buffer.length} ${buffer.dtype} was used after its release`);
}

/** A pool of arrays by dtype and length. */
export class MemoryPool {
  readonly #free = new Map<string, Memory[]>();
  readonly #stats: DeviceStats;
  readonly #heap: Heap | undefined;

  /** @param heap where arrays lie that WebAssembly works on, if it does */
  constructor(stats: DeviceStats, heap: Heap | undefined) {
    this.#stats = stats;
    this.#heap = heap;
  }

  /** @param arena the recording that asks, whose free memory it takes first */
  allocate(dtype: DType, length: number, arena?: Arena): CpuBuffer {
    const key = `${dtype} ${length}`;
    const kept = arena?.free.get(key)?.pop();
    if (kept) {
      kept.abandoned = false;
      return { dtype, length, memory: kept };
    }
    const memory = this.#recycle(key) ?? this.#create(dtype, length);
    if (arena) {
      arena.made.add(memory);
      memory.pins++;
    }
    this.#stats.buffersAlive++;
    this.#stats.bytesAlive += memory.array.byteLength;
    this.#stats.bytesPeak = Math.max(this.#stats.bytesPeak, this.#stats.bytesAlive);
    return { dtype, length, memory };
  }

  /** @param arena the recording under way, which keeps what it has made */
  release(buffer: CpuBuffer, arena?: Arena): void {
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

  /** Gives up all free memory. */
  trim(): void {
    for (const { array } of [...this.#free.values()].flat()) {
      if (inHeap(array)) this.#heap?.give(array.byteOffset, array.byteLength);
    }
    this.#free.clear();
    this.#stats.bytesPooled = 0;
  }

  #recycle(key: string): Memory | undefined {
    const memory = this.#free.get(key)?.pop();
    if (memory) this.#stats.bytesPooled -= memory.array.byteLength;
    return memory;
  }

  #pool(memory: Memory): void {
    const bytes = memory.array.byteLength;
    this.#stats.buffersAlive--;
    this.#stats.bytesAlive -= bytes;
    this.#stats.bytesPooled += bytes;
    shelve(this.#free, memory);
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) this.trim();
  }

  #create(dtype: DType, length: number): Memory {
    this.#stats.buffersCreated++;
    try {
      const array = this.#heap?.array(dtype, length) ?? hostArray(dtype, length);
      return { dtype, array, pins: 0, abandoned: false };
    } catch (error) {
      throw new OutOfMemoryError(
        `A buffer of ${length} ${dtype} does not fit into memory (${this.#stats.bytesAlive} bytes in use): ` +
          `use a smaller batch or model, or free tensors with scope(). (${String(error)})`,
      );
    }
  }
}

/** Puts memory among the free of its kind. */
function shelve(free: Map<string, Memory[]>, memory: Memory): void {
  const key = `${memory.dtype} ${memory.array.length}`;
  const peers = free.get(key);
  if (peers) peers.push(memory);
  else free.set(key, [memory]);
}
