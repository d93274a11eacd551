import type { DeviceBuffer, KernelName, Recording } from '../backend.ts';
import { CaptureError } from '../errors.ts';
import { Live } from '../recorder.ts';
import type { ParamField } from '../reflection.ts';
import { type Arena, type Memory, memoryOf, type MemoryPool } from './memory.ts';
import { ParameterBlock, type ParamValues } from './parameters.ts';
import type { CommandStream, Launch } from './stream.ts';

/** A launch, and those of its parameters that change. */
interface RecordedLaunch extends Launch {
  readonly live: readonly { field: ParamField; cell: Live }[];
}

/** The launches of a captured step, in order, and the memory that they use. */
export class LaunchList implements Recording {
  readonly arena: Arena = { made: new Set(), free: new Map() };
  readonly #list: RecordedLaunch[] = [];
  /** Buffers that were there before. */
  readonly #outside = new Map<Memory, DeviceBuffer>();
  readonly #written = new Map<Memory, KernelName>();
  readonly #stream: CommandStream;
  readonly #pool: MemoryPool;

  constructor(stream: CommandStream, pool: MemoryPool) {
    this.#stream = stream;
    this.#pool = pool;
  }

  get launches(): number {
    return this.#list.length;
  }

  get written(): { buffer: DeviceBuffer; kernel: KernelName }[] {
    return [...this.#written].map(([memory, kernel]) => ({ buffer: wholeOf(memory), kernel }));
  }

  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[] {
    const expected = new Set(known.map(memoryOf));
    return [...this.arena.made].filter((memory) => !memory.abandoned && !expected.has(memory)).map(wholeOf);
  }

  /** Notes a launch that has just been made. */
  add(
    launch: Omit<Launch, 'params'>,
    buffers: Readonly<Record<string, DeviceBuffer>>,
    values: ParamValues,
  ): void {
    const { name, signature } = launch.program;
    const params = new ParameterBlock(signature.paramsSize);
    params.write(name, signature.params, values);
    const live = signature.params.flatMap((field) => {
      const cell = values[field.name];
      return cell instanceof Live ? [{ field, cell }] : [];
    });
    this.#list.push({ ...launch, params, live });
    for (const { name: binding, access } of signature.buffers) {
      const memory = memoryOf(buffers[binding]!);
      if (this.arena.made.has(memory)) continue;
      if (!this.#outside.has(memory)) {
        memory.pins++;
        this.#outside.set(memory, buffers[binding]!);
      }
      if (access === 'write') this.#written.set(memory, name);
    }
  }

  replay(): void {
    for (const [memory, { dtype, length }] of this.#outside) {
      if (memory.abandoned) {
        throw new CaptureError(
          `capture: a buffer of ${length} ${dtype} that the captured step uses has been freed. Keep what it works ` +
            'on, or dispose the captured step and capture it anew.',
        );
      }
    }
    for (const launch of this.#list) {
      const { program, params, live } = launch;
      for (const { field, cell } of live) params.set(program.name, field, cell.value);
      this.#stream.dispatch(launch);
    }
  }

  dispose(): void {
    for (const memory of [...this.arena.made, ...this.#outside.keys()]) this.#pool.unpin(memory);
    this.#list.length = 0;
    this.arena.made.clear();
    this.arena.free.clear();
    this.#outside.clear();
    this.#written.clear();
  }
}

/** All of a buffer's memory, as words. */
function wholeOf(memory: Memory): DeviceBuffer {
  const whole: DeviceBuffer & { memory: Memory } = { dtype: 'int32', length: memory.bytes / 4, memory };
  return whole;
}
