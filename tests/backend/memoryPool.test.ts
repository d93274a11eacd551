import { describe, expect, it } from 'vitest';
import { type DeviceStats, emptyStats } from '../../src/backend/backend.ts';
import { MemoryPool, type MemorySource, type PooledMemory } from '../../src/backend/memoryPool.ts';

const MIB = 2 ** 20;
/** More allocations than free memory waits for. */
const LONG = 100_000;

/** A source of memory that does not exist: lengths are bytes. */
function poolOf(): { pool: MemoryPool<PooledMemory>; stats: DeviceStats; destroyed: number[] } {
  const stats = emptyStats();
  const destroyed: number[] = [];
  const source: MemorySource<PooledMemory> = {
    device: 'none',
    kindOf: (_, length) => length,
    create: (_, length) => {
      stats.buffersCreated++;
      return { source, kind: length, bytes: length, pins: 0, abandoned: false, idleSince: 0 };
    },
    destroy: (memories) => destroyed.push(...memories.map(({ bytes }) => bytes)),
    shelve: (peers, memory) => peers.push(memory),
    whole: (memory) => ({ dtype: 'int32', length: memory.bytes, memory }),
  };
  return { pool: new MemoryPool(source, stats), stats, destroyed };
}

/** Allocates and releases buffers of the given sizes, so often. */
function steps(pool: MemoryPool<PooledMemory>, sizes: readonly number[], count: number): void {
  for (let step = 0; step < count; step++) {
    const buffers = sizes.map((size) => pool.allocate('float32', size));
    for (const buffer of buffers) pool.release(buffer);
  }
}

describe('free memory', () => {
  it('of a large phase is freed during a smaller one, which keeps its own', () => {
    const { pool, stats, destroyed } = poolOf();
    steps(pool, [600 * MIB, 300 * MIB, MIB, 2 * MIB], 3);
    expect(stats.bytesPooled).toBe(903 * MIB);
    steps(pool, [MIB, 2 * MIB], LONG);
    expect(destroyed.sort((left, right) => left - right)).toEqual([300 * MIB, 600 * MIB]);
    expect([stats.bytesPooled, stats.buffersCreated]).toEqual([3 * MIB, 4]);
    steps(pool, [600 * MIB], 1);
    expect(stats.buffersCreated).toBe(5);
  });

  it('is freed during replays too, which allocate nothing', () => {
    const { pool, stats } = poolOf();
    steps(pool, [600 * MIB], 1);
    for (let replay = 0; replay < LONG; replay++) pool.age(20);
    expect(stats.bytesPooled).toBe(0);
  });

  it('stays while it is used, and where it is little', () => {
    const { pool, stats, destroyed } = poolOf();
    steps(pool, [600 * MIB, 300 * MIB], LONG);
    expect([stats.buffersCreated, destroyed]).toEqual([2, []]);
    const small = poolOf();
    steps(small.pool, [200 * MIB], 1);
    steps(small.pool, [MIB], LONG);
    expect(small.stats.bytesPooled).toBe(201 * MIB);
  });
});
