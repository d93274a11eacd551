import type { DeviceBuffer, DeviceStats } from './backend.ts';
import type { DType } from './dtypes.ts';
import { KernelError } from './errors.ts';

/** Memory of a device, which outlives the buffers that it serves. */
export interface PooledMemory {
  /** Memory of one kind can serve in another's place. */
  readonly kind: string | number;
  readonly bytes: number;
  /** Recordings whose launches use it: until they are gone it is not handed out again. */
  pins: number;
  /** Whether nobody but recordings holds it. */
  abandoned: boolean;
}

/** A buffer: its memory goes back to the pool when it is released. */
export interface PooledBuffer<M extends PooledMemory> extends DeviceBuffer {
  memory: M | undefined;
}

/** What a recording makes: memory that is freed within it serves it again, and nobody else. */
export interface Arena<M extends PooledMemory> {
  readonly made: Set<M>;
  readonly free: Map<M['kind'], M[]>;
}

/** Where a pool's memory comes from. */
export interface MemorySource<M extends PooledMemory> {
  /** The kind of memory that a buffer takes. */
  kindOf(dtype: DType, length: number): M['kind'];
  create(dtype: DType, length: number): M;
  destroy(memories: readonly M[]): void;
  /** Puts memory among the free of its kind, of which the last is taken next. */
  shelve(peers: M[], memory: M): void;
  /** A buffer of all of it. */
  whole(memory: M): PooledBuffer<M>;
}

/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/** The memory of a buffer in use; throws KernelError for one that was released. */
export function memoryIn(buffer: DeviceBuffer): PooledMemory {
  const { memory } = buffer as PooledBuffer<PooledMemory>;
  if (!memory)
    throw new KernelError(`a buffer of ${buffer.length} ${buffer.dtype} was used after its release`);
  return memory;
}

/** Buffers on memory that is used again. */
export class MemoryPool<M extends PooledMemory> {
  readonly source: MemorySource<M>;
  readonly #free = new Map<M['kind'], M[]>();
  readonly #stats: DeviceStats;

  constructor(source: MemorySource<M>, stats: DeviceStats) {
    this.source = source;
    this.#stats = stats;
  }

  /** @param arena the recording that asks, whose free memory it takes first */
  allocate(dtype: DType, length: number, arena?: Arena<M>): PooledBuffer<M> {
    const kind = this.source.kindOf(dtype, length);
    const kept = arena?.free.get(kind)?.pop();
    if (kept) {
      kept.abandoned = false;
      return { dtype, length, memory: kept };
    }
    const memory = this.#recycle(kind) ?? this.source.create(dtype, length);
    if (arena) {
      arena.made.add(memory);
      memory.pins++;
    }
    this.#stats.buffersAlive++;
    this.#stats.bytesAlive += memory.bytes;
    this.#stats.bytesPeak = Math.max(this.#stats.bytesPeak, this.#stats.bytesAlive);
    return { dtype, length, memory };
  }

  /** @param arena the recording under way, which keeps what it has made */
  release(buffer: DeviceBuffer, arena?: Arena<M>): void {
    const memory = memoryIn(buffer) as M;
    (buffer as PooledBuffer<M>).memory = undefined;
    memory.abandoned = memory.pins > 0;
    if (!memory.abandoned) this.#pool(memory);
    else if (arena?.made.has(memory)) this.#shelve(arena.free, memory);
  }

  /** Undoes a pin: memory that nobody holds any more goes to the pool. */
  unpin(memory: M): void {
    if (--memory.pins > 0 || !memory.abandoned) return;
    memory.abandoned = false;
    this.#pool(memory);
  }

  /** Gives up all free memory. */
  trim(): void {
    this.source.destroy([...this.#free.values()].flat());
    this.#free.clear();
    this.#stats.bytesPooled = 0;
  }

  #recycle(kind: M['kind']): M | undefined {
    const memory = this.#free.get(kind)?.pop();
    if (memory) this.#stats.bytesPooled -= memory.bytes;
    return memory;
  }

  #pool(memory: M): void {
    this.#shelve(this.#free, memory);
    this.#stats.buffersAlive--;
    this.#stats.bytesAlive -= memory.bytes;
    this.#stats.bytesPooled += memory.bytes;
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) this.trim();
  }

  #shelve(free: Map<M['kind'], M[]>, memory: M): void {
    const peers = free.get(memory.kind);
    if (peers) this.source.shelve(peers, memory);
    else free.set(memory.kind, [memory]);
  }
}
