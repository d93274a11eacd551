import type { DeviceBuffer } from './backend.ts';
import { type Arena, memoryIn, type MemoryPool, type PooledMemory } from './memoryPool.ts';

/** The memory that a recording's launches use: memory that the recording allocated, and memory from before. */
export class RecordedMemory<M extends PooledMemory> {
  readonly arena: Arena<M> = { made: new Set(), free: new Map() };
  readonly #outside = new Set<M>();
  readonly #pool: MemoryPool<M>;

  constructor(pool: MemoryPool<M>) {
    this.#pool = pool;
  }

  /** Records the use of a buffer by a launch. Memory from before is pinned: it keeps its contents, also if it is freed. */
  use(buffer: DeviceBuffer): void {
    const memory = memoryIn(buffer) as M;
    if (this.arena.made.has(memory) || this.#outside.has(memory)) return;
    memory.pins++;
    this.#outside.add(memory);
  }

  /** Whether it is memory from before. */
  isOutside(memory: M): boolean {
    return this.#outside.has(memory);
  }

  /** Buffers that the recording created and that are still in use, except the `known` ones. */
  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[] {
    const expected = new Set<PooledMemory>(known.map(memoryIn));
    return [...this.arena.made]
      .filter((memory) => !memory.abandoned && !expected.has(memory))
      .map((memory) => this.#pool.source.whole(memory));
  }

  /** Releases the memory of the recording. */
  dispose(): void {
    for (const memory of [...this.arena.made, ...this.#outside]) this.#pool.unpin(memory);
    this.arena.made.clear();
    this.arena.free.clear();
    this.#outside.clear();
  }
}
