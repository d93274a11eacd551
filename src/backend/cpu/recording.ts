import type { DeviceBuffer, KernelName, Recording } from '../backend.ts';
import type { TypedArray } from '../dtypes.ts';
import type { MemoryPool } from '../memoryPool.ts';
import { RecordedMemory } from '../recordedMemory.ts';
import { Live, type Varying } from '../recorder.ts';
import { outputs } from '../signatures.ts';
import type { Memory } from './memory.ts';

/** A launch in the form that a twin takes. */
export interface Launch {
  readonly kernel: KernelName;
  readonly buffers: Readonly<Record<string, DeviceBuffer>>;
  readonly arrays: Readonly<Record<string, TypedArray>>;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly variant: object;
}

/** Parameters as the caller passed them. */
export type Given = Readonly<Record<string, Varying | readonly number[]>>;

/** A launch, the memory that it uses, and its live parameters. */
interface RecordedLaunch extends Launch {
  readonly params: Record<string, number | readonly number[]>;
  readonly memories: Readonly<Record<string, Memory>>;
  readonly live: readonly (readonly [name: string, cell: Live])[];
}

/** The launches of a captured step, in order, and the memory that they use. */
export class CpuRecording implements Recording {
  readonly memory: RecordedMemory<Memory>;
  readonly #list: RecordedLaunch[] = [];
  readonly #launch: (launch: Launch) => void;
  readonly #pool: MemoryPool<Memory>;

  constructor(launch: (launch: Launch) => void, pool: MemoryPool<Memory>) {
    this.memory = new RecordedMemory(pool);
    this.#launch = launch;
    this.#pool = pool;
  }

  get launches(): number {
    return this.#list.length;
  }

  get written(): { buffer: DeviceBuffer; kernel: KernelName }[] {
    const written = new Map<Memory, KernelName>();
    for (const { kernel, memories } of this.#list) {
      for (const name of outputs[kernel]) {
        const memory = memories[name]!;
        if (this.memory.isOutside(memory)) written.set(memory, kernel);
      }
    }
    return [...written].map(([memory, kernel]) => ({ buffer: this.#pool.source.whole(memory), kernel }));
  }

  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[] {
    return this.memory.survivors(known);
  }

  /** Records a launch that was just made. */
  add(launch: Launch, given: Given): void {
    const memories = Object.fromEntries(
      Object.entries(launch.buffers).map(([name, buffer]) => [
        name,
        this.#pool.memoryOf(buffer, launch.kernel),
      ]),
    );
    const live = Object.entries(given).flatMap(([name, cell]) =>
      cell instanceof Live ? [[name, cell] as const] : [],
    );
    this.#list.push({ ...launch, params: { ...launch.params }, memories, live });
    for (const buffer of Object.values(launch.buffers)) this.memory.use(buffer);
  }

  replay(): void {
    this.#pool.age(this.#list.length);
    for (const launch of this.#list) {
      for (const [name, cell] of launch.live) launch.params[name] = cell.value;
      this.#launch(launch);
    }
  }

  dispose(): void {
    this.memory.dispose();
    this.#list.length = 0;
  }
}
