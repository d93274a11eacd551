import type { DeviceBuffer, DeviceStats } from './backend.ts';
import type { DType } from './dtypes.ts';
import { DeviceError, KernelError } from './errors.ts';

/** Memory of a device. It outlives the buffers that use it. */
export interface PooledMemory {
  /** The source that created it, one per device. */
  readonly source: object;
  /** Memory of one kind is interchangeable. */
  readonly kind: string | number;
  readonly bytes: number;
  /** The number of recordings whose launches use it. It is not reused until they are gone. */
  pins: number;
  /** Whether only recordings hold it. */
  abandoned: boolean;
  /** When it was freed last, in work of its pool. */
  idleSince: number;
}

/** A buffer. Its memory returns to the pool on release. */
export interface PooledBuffer<M extends PooledMemory> extends DeviceBuffer {
  memory: M | undefined;
}

/** Memory of a recording. Memory that is freed during the recording is reused by the recording only. */
export interface Arena<M extends PooledMemory> {
  readonly made: Set<M>;
  readonly free: Map<M['kind'], M[]>;
}

/** The source of a pool's memory. */
export interface MemorySource<M extends PooledMemory> {
  /** The device's name, for error messages. */
  readonly device: string;
  /** The kind of memory that a buffer needs. */
  kindOf(dtype: DType, length: number): M['kind'];
  create(dtype: DType, length: number): M;
  destroy(memories: readonly M[]): void;
  /** Adds memory to the free memory of its kind. The last element is taken next. */
  shelve(peers: M[], memory: M): void;
  /** A buffer that covers all of the memory. */
  whole(memory: M): PooledBuffer<M>;
}

/** Bytes of free memory that are always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/** Allocations and replayed launches after which free memory is idle: dozens of steps, or a few large ones. */
const PATIENCE = 2 ** 15;

/** The memory of a buffer in use. Throws KernelError for a released buffer. */
export function memoryIn(buffer: DeviceBuffer): PooledMemory {
  const { memory } = buffer as PooledBuffer<PooledMemory>;
  if (!memory)
    throw new KernelError(`a buffer of ${buffer.length} ${buffer.dtype} was used after its release`);
  return memory;
}

/** Allocates buffers on memory that is reused. */
export class MemoryPool<M extends PooledMemory> {
  readonly source: MemorySource<M>;
  readonly #free = new Map<M['kind'], M[]>();
  readonly #stats: DeviceStats;
  #work = 0;
  #nextLook = PATIENCE;

  constructor(source: MemorySource<M>, stats: DeviceStats) {
    this.source = source;
    this.#stats = stats;
  }

  /**
   * The memory of a buffer in use. Every launch, write and read of the device gets its memory here.
   *
   * @param what the kernel, or the access, for the error message
   * @throws KernelError for a released buffer, DeviceError for a buffer of another device
   */
  memoryOf(buffer: DeviceBuffer, what: string): M {
    const { memory } = buffer as PooledBuffer<M>;
    if (memory?.source !== this.source) throw foreign(what, buffer, this.source.device);
    return memory;
  }

  /** @param arena the current recording, whose free memory is taken first */
  allocate(dtype: DType, length: number, arena?: Arena<M>): PooledBuffer<M> {
    this.age(1);
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

  /** @param arena the current recording, which keeps its own memory */
  release(buffer: DeviceBuffer, arena?: Arena<M>): void {
    const memory = memoryIn(buffer) as M;
    (buffer as PooledBuffer<M>).memory = undefined;
    memory.abandoned = memory.pins > 0;
    if (!memory.abandoned) this.#pool(memory);
    else if (arena?.made.has(memory)) this.#shelve(arena.free, memory);
  }

  /** Undoes a pin. Memory that has no other holder returns to the pool. */
  unpin(memory: M): void {
    if (--memory.pins > 0 || !memory.abandoned) return;
    memory.abandoned = false;
    this.#pool(memory);
  }

  /**
   * Notes work: allocations, and launches of a replay, which allocate nothing. Memory beyond the spare that nothing has used for
   * long is freed: it belongs to an earlier, larger phase of the program.
   */
  age(work: number): void {
    this.#work += work;
    if (this.#work < this.#nextLook) return;
    const idleBefore = this.#nextLook - PATIENCE;
    this.#nextLook = this.#work + PATIENCE;
    if (this.#stats.bytesPooled > SPARE) this.#freeIdle(idleBefore);
  }

  #freeIdle(before: number): void {
    const idle: M[] = [];
    for (const [kind, peers] of this.#free) {
      const fresh = peers.filter((memory) => memory.idleSince >= before);
      for (const memory of peers) if (memory.idleSince < before) idle.push(memory);
      this.#free.set(kind, fresh);
    }
    if (idle.length === 0) return;
    this.source.destroy(idle);
    for (const { bytes } of idle) this.#stats.bytesPooled -= bytes;
  }

  /** Frees all unused memory. */
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
    memory.idleSince = this.#work;
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

/** The error for a buffer that is released, or that another device holds. */
function foreign(what: string, buffer: DeviceBuffer, device: string): Error {
  const { device: other } = memoryIn(buffer).source as { readonly device: string };
  return new DeviceError(what, 'an operand is on another device', {
    takes: `operands on one device, here '${device}': copy a tensor with await x.toDevice(device), move a module with await module.to(device)`,
    got: `a buffer of ${buffer.length} ${buffer.dtype} on ${other === device ? 'another device of that name' : `'${other}'`}`,
  });
}
