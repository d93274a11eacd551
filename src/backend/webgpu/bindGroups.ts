import type { DeviceStats } from '../backend.ts';
import { KernelError } from '../errors.ts';
import type { Memory } from './memory.ts';
import type { Program } from './program.ts';
import type { CommandStream } from './stream.ts';

/** A memory bound by a launch, and whether the kernel writes it. */
export interface Bound {
  memory: Memory;
  access: 'read' | 'write';
}

/** A cache of bind groups: one for each kernel and combination of buffers that was launched. */
export class BindGroups {
  readonly #groups = new Map<string, GPUBindGroup>();
  /** Keys of the groups that hold a memory, so that they go when it goes. */
  readonly #users = new Map<number, string[]>();
  readonly #device: GPUDevice;
  readonly #stream: CommandStream;
  readonly #stats: DeviceStats;

  constructor(device: GPUDevice, stream: CommandStream, stats: DeviceStats) {
    this.#device = device;
    this.#stream = stream;
    this.#stats = stats;
  }

  get(program: Program, bound: readonly Bound[]): GPUBindGroup {
    const key = `${program.name}:${bound.map(({ memory }) => memory.id).join()}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = this.#create(program, bound);
      this.#groups.set(key, group);
      for (const { memory } of bound) {
        const keys = this.#users.get(memory.id);
        if (keys) keys.push(key);
        else this.#users.set(memory.id, [key]);
      }
    }
    return group;
  }

  /** Drops the groups that hold a memory about to be destroyed. */
  forget(memory: Memory): void {
    for (const key of this.#users.get(memory.id) ?? []) this.#groups.delete(key);
    this.#users.delete(memory.id);
  }

  #create(program: Program, bound: readonly Bound[]): GPUBindGroup {
    const { name, signature } = program;
    const written = bound.filter(({ access }) => access === 'write').map(({ memory }) => memory);
    if (written.some((memory) => bound.filter((other) => other.memory === memory).length > 1)) {
      throw new KernelError(
        `${name}: a buffer that the kernel writes is bound twice; give the result memory of its own`,
      );
    }
    const entries: GPUBindGroupEntry[] = bound.map(({ memory }, index) => ({
      binding: signature.buffers[index]!.binding,
      resource: { buffer: memory.gpu },
    }));
    if (!program.immediates) {
      entries.push({
        binding: signature.paramsBinding,
        resource: { buffer: this.#stream.ring, size: signature.paramsSize },
      });
    }
    this.#stats.bindGroupsCreated++;
    return this.#device.createBindGroup({ label: name, layout: program.bindings, entries });
  }
}
