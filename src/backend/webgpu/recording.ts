import type { DeviceBuffer, KernelName, Recording } from '../backend.ts';
import type { MemoryPool } from '../memoryPool.ts';
import { RecordedMemory } from '../recordedMemory.ts';
import { Live } from '../recorder.ts';
import type { ParamField } from '../../platform/kernels.ts';
import type { Faults } from './faults.ts';
import type { Memory } from './memory.ts';
import { ParameterBlock, type ParamValues } from './parameters.ts';
import type { CommandStream, Launch } from './stream.ts';

/** A launch with its live parameters. */
interface RecordedLaunch extends Launch {
  readonly live: readonly { field: ParamField; cell: Live }[];
}

/** The launches of a captured step, in order, and the memory that they use. */
export class GpuRecording implements Recording {
  readonly memory: RecordedMemory<Memory>;
  readonly #list: RecordedLaunch[] = [];
  readonly #written = new Map<Memory, KernelName>();
  readonly #stream: CommandStream;
  readonly #faults: Faults;
  readonly #pool: MemoryPool<Memory>;

  constructor(stream: CommandStream, faults: Faults, pool: MemoryPool<Memory>) {
    this.memory = new RecordedMemory(pool);
    this.#stream = stream;
    this.#faults = faults;
    this.#pool = pool;
  }

  get launches(): number {
    return this.#list.length;
  }

  get written(): { buffer: DeviceBuffer; kernel: KernelName }[] {
    return [...this.#written].map(([memory, kernel]) => ({
      buffer: this.#pool.source.whole(memory),
      kernel,
    }));
  }

  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[] {
    return this.memory.survivors(known);
  }

  /** Records a launch that was just made. */
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
      const buffer = buffers[binding]!;
      this.memory.use(buffer);
      const memory = this.#pool.memoryOf(buffer, name);
      if (access === 'write' && this.memory.isOutside(memory)) this.#written.set(memory, name);
    }
  }

  replay(): void {
    this.#faults.check();
    this.#pool.age(this.#list.length);
    for (const launch of this.#list) {
      const { program, params, live } = launch;
      for (const { field, cell } of live) params.set(program.name, field, cell.value);
      this.#stream.dispatch(launch);
    }
  }

  dispose(): void {
    this.memory.dispose();
    this.#list.length = 0;
    this.#written.clear();
  }
}
