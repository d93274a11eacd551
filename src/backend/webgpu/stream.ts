import type { DeviceStats } from '../backend.ts';
import type { Faults } from './faults.ts';
import { ParameterBlock } from './parameters.ts';
import type { Program } from './program.ts';

/** Launches recorded before they are submitted together. */
const BATCH = 64;
/** Dynamic uniform offsets are multiples of this. */
const SLOT_BYTES = 256;
const RING_SLOTS = 256;
// GPUBufferUsage, which is no global in Node.
const UNIFORM_COPY_DST = 0x40 | 0x8;

type Values = Readonly<Record<string, number | readonly number[]>>;

/**
 * The one command stream of a device: launches append to one compute pass and go to the queue in batches.
 *
 * Parameters travel as immediates. Where the device has none, or too few for a kernel, they are gathered in a ring
 * of uniform slots that is written once a batch; the queue orders that write after the previous batch has run.
 */
export class CommandStream {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;
  readonly #immediates = new ParameterBlock(SLOT_BYTES);
  readonly #slots = new ParameterBlock(SLOT_BYTES * RING_SLOTS);
  readonly #recorded: string[] = [];
  #ring: GPUBuffer | undefined;
  #slotsUsed = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;

  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
  }

  /** The uniform ring that bind groups of kernels without immediates refer to. */
  get ring(): GPUBuffer {
    this.#ring ??= this.#device.createBuffer({
      label: 'uniform ring',
      size: SLOT_BYTES * RING_SLOTS,
      usage: UNIFORM_COPY_DST,
    });
    return this.#ring;
  }

  dispatch(
    program: Program,
    pipeline: GPUComputePipeline,
    bindGroup: GPUBindGroup,
    values: Values,
    [x, y, z]: readonly [number, number, number],
  ): void {
    const { signature } = program;
    if (!program.immediates && this.#slotsUsed === RING_SLOTS) this.flush();
    const pass = this.#openPass();
    pass.setPipeline(pipeline);
    if (program.immediates) {
      this.#immediates.write(signature.params, values);
      pass.setImmediates(0, this.#immediates.words, 0, signature.paramsSize / 4);
      pass.setBindGroup(0, bindGroup);
    } else {
      const slot = this.#slotsUsed++;
      this.#slots.write(signature.params, values, (slot * SLOT_BYTES) / 4);
      pass.setBindGroup(0, bindGroup, [slot * SLOT_BYTES]);
    }
    pass.dispatchWorkgroups(x, y, z);
    this.#stats.dispatches++;
    this.#recorded.push(program.name);
    if (this.#recorded.length >= BATCH) this.flush();
  }

  /** Copies bytes between buffers, in order with the launches. */
  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, bytes: number): void {
    this.#closePass();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(source, sourceOffset, target, 0, bytes);
    this.#recorded.push('read-back');
  }

  /** Hands the recorded batch to the queue. */
  flush(): void {
    if (!this.#encoder) return;
    this.#closePass();
    const encoder = this.#encoder;
    const recorded = this.#recorded.splice(0);
    this.#encoder = undefined;
    if (this.#slotsUsed > 0) {
      this.#device.queue.writeBuffer(this.ring, 0, this.#slots.words, 0, (this.#slotsUsed * SLOT_BYTES) / 4);
      this.#slotsUsed = 0;
    }
    this.#faults.guard(
      () => this.#device.queue.submit([encoder.finish()]),
      () => `a batch of launches (${summary(recorded)}) failed`,
    );
    this.#stats.submits++;
  }

  #openPass(): GPUComputePassEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    return this.#pass;
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}

function summary(kernels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kernel of kernels) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  return [...counts].map(([kernel, count]) => (count > 1 ? `${count} ${kernel}` : kernel)).join(', ');
}
