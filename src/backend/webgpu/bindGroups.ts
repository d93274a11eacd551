import type { DeviceBuffer, DeviceStats } from '../backend.ts';
import { KernelError } from '../errors.ts';
import type { Faults } from './faults.ts';
import type { MemoryPool } from '../memoryPool.ts';
import type { Memory } from './memory.ts';
import type { Program } from './program.ts';
import type { CommandStream } from './stream.ts';

/** The most groups to keep. A training step uses a few hundred. */
const MOST = 16_384;

/** A cache of bind groups: one per kernel and combination of buffers. */
export class BindGroups {
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stream: CommandStream;
  readonly #pool: MemoryPool<Memory>;
  readonly #stats: DeviceStats;

  constructor(
    device: GPUDevice,
    faults: Faults,
    stream: CommandStream,
    pool: MemoryPool<Memory>,
    stats: DeviceStats,
  ) {
    this.#device = device;
    this.#faults = faults;
    this.#stream = stream;
    this.#pool = pool;
    this.#stats = stats;
  }

  get(program: Program, buffers: Readonly<Record<string, DeviceBuffer>>): GPUBindGroup {
    let key: string = program.name;
    for (const { name } of program.signature.buffers) {
      const buffer = buffers[name];
      if (!buffer) throw new KernelError(`${program.name}: the buffer '${name}' is missing`);
      key += `,${this.#pool.memoryOf(buffer, program.name).id}`;
    }
    let group = this.#groups.get(key);
    if (!group) {
      group = this.#create(program, buffers);
      if (this.#groups.size >= MOST) this.clear();
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Drops all groups. Later launches create theirs again. */
  clear(): void {
    this.#groups.clear();
  }

  #create(program: Program, buffers: Readonly<Record<string, DeviceBuffer>>): GPUBindGroup {
    const { name: kernel, signature } = program;
    const entries: GPUBindGroupEntry[] = [];
    const boundAs = new Map<Memory, string>();
    for (const { name, binding, access } of signature.buffers) {
      const memory = this.#pool.memoryOf(buffers[name]!, kernel);
      const other = boundAs.get(memory);
      if (other !== undefined && (access === 'write' || isWritten(program, other))) {
        throw new KernelError(
          `${kernel}: '${other}' and '${name}' are the same buffer, and the kernel writes it; ` +
            'give the result its own memory',
        );
      }
      boundAs.set(memory, name);
      entries.push({ binding, resource: { buffer: memory.gpu } });
    }
    if (!program.immediates) {
      const resource = { buffer: this.#stream.ring, size: signature.paramsSize };
      entries.push({ binding: signature.paramsBinding, resource });
    }
    this.#stats.bindGroupsCreated++;
    return this.#faults.guard(
      () => this.#device.createBindGroup({ label: kernel, layout: program.bindings, entries }),
      () => `kernel ${kernel}: its buffers cannot be bound`,
    );
  }
}

function isWritten({ signature }: Program, binding: string): boolean {
  return signature.buffers.some(({ name, access }) => name === binding && access === 'write');
}
