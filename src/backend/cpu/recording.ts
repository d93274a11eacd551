import type { DeviceBuffer, KernelName, Recording } from '../backend.ts';
import type { TypedArray } from '../dtypes.ts';
import { CaptureError } from '../errors.ts';
import { Live, type Varying } from '../recorder.ts';
import { reflect } from '../reflection.ts';
import { kernelSource } from '../sources.ts';
import { type Arena, type CpuBuffer, type Memory, memoryOf, type MemoryPool } from './memory.ts';

/** A launch as a twin takes it. */
export interface Launch {
  readonly kernel: KernelName;
  readonly buffers: Readonly<Record<string, DeviceBuffer>>;
  readonly arrays: Readonly<Record<string, TypedArray>>;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly variant: object;
}

/** Parameters as a launch was given them. */
export type Given = Readonly<Record<string, Varying | readonly number[]>>;

/** A launch, the memory that it uses, and those of its parameters that change. */
interface RecordedLaunch extends Launch {
  readonly params: Record<string, number | readonly number[]>;
  readonly memories: Readonly<Record<string, Memory>>;
  readonly live: readonly (readonly [name: string, cell: Live])[];
}

/** The launches of a captured step, in order, and the memory that they use. */
export class LaunchList implements Recording {
  readonly arena: Arena = { made: new Set(), free: new Map() };
  readonly #list: RecordedLaunch[] = [];
  /** Memory that was there before. */
  readonly #outside = new Set<Memory>();
  readonly #launch: (launch: Launch) => void;
  readonly #pool: MemoryPool;

  constructor(launch: (launch: Launch) => void, pool: MemoryPool) {
    this.#launch = launch;
    this.#pool = pool;
  }

  get launches(): number {
    return this.#list.length;
  }

  get written(): { buffer: DeviceBuffer; kernel: KernelName }[] {
    const written = new Map<Memory, KernelName>();
    for (const { kernel, memories } of this.#list) {
      for (const { name, access } of reflect(kernel, kernelSource(kernel)).buffers) {
        const memory = memories[name]!;
        if (access === 'write' && this.#outside.has(memory)) written.set(memory, kernel);
      }
    }
    return [...written].map(([memory, kernel]) => ({ buffer: wholeOf(memory), kernel }));
  }

  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[] {
    const expected = new Set(known.map(memoryOf));
    return [...this.arena.made].filter((memory) => !memory.abandoned && !expected.has(memory)).map(wholeOf);
  }

  /** Notes a launch that has just been made. */
  add(launch: Launch, given: Given): void {
    const memories = Object.fromEntries(
      Object.entries(launch.buffers).map(([name, buffer]) => [name, memoryOf(buffer)]),
    );
    const live = Object.entries(given).flatMap(([name, cell]) =>
      cell instanceof Live ? [[name, cell] as const] : [],
    );
    this.#list.push({ ...launch, params: { ...launch.params }, memories, live });
    for (const memory of Object.values(memories)) {
      if (this.arena.made.has(memory) || this.#outside.has(memory)) continue;
      memory.pins++;
      this.#outside.add(memory);
    }
  }

  replay(): void {
    for (const { abandoned, dtype, array } of this.#outside) {
      if (abandoned) {
        throw new CaptureError(
          `capture: a buffer of ${array.length} ${dtype} that the captured step uses has been freed. Keep what it ` +
            'works on, or dispose the captured step and capture it anew.',
        );
      }
    }
    for (const launch of this.#list) {
      for (const [name, cell] of launch.live) launch.params[name] = cell.value;
      this.#launch(launch);
    }
  }

  dispose(): void {
    for (const memory of [...this.arena.made, ...this.#outside]) this.#pool.unpin(memory);
    this.#list.length = 0;
    this.arena.made.clear();
    this.arena.free.clear();
    this.#outside.clear();
  }
}

function wholeOf(memory: Memory): DeviceBuffer {
  return { dtype: memory.dtype, length: memory.array.length, memory } satisfies CpuBuffer as DeviceBuffer;
}
