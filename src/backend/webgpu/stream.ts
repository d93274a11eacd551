import type { DeviceStats } from '../backend.ts';
import type { LaunchRequest, StreamClock } from '../profile.ts';
import type { Faults } from './faults.ts';
import { ParameterBlock } from './parameters.ts';
import type { Program } from './program.ts';

/** A launch, with its parameters in the layout of the kernel's struct. */
export interface Launch {
  readonly program: Program;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  readonly params: ParameterBlock;
  /** Its description in a profile. */
  readonly request: LaunchRequest;
}

/** Launches that are submitted together. */
export const BATCH = 64;
/** Dynamic uniform offsets are multiples of this. */
const SLOT_BYTES = 256;
// GPUBufferUsage, which is not a global in Node.
const UNIFORM_COPY_DST = 0x40 | 0x8;

/**
 * The command stream of a device. Launches append to one compute pass and are submitted in batches.
 *
 * Parameters are immediates. If the device has none, or too few for a kernel, they go to a ring of uniform slots, one
 * per launch of a batch. The ring is written once per batch; the queue orders that write after the previous batch.
 */
export class CommandStream {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;
  readonly #slots = new Uint32Array((SLOT_BYTES * BATCH) / 4);
  #slotsUsed = 0;
  readonly #slotOffset = new Uint32Array(1);
  #ring: GPUBuffer | undefined;
  #recorded: string[] = [];
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** The state of the open pass, so that equal launches in a row do not set it again. */
  #pipeline: GPUComputePipeline | undefined;
  #bindGroup: GPUBindGroup | undefined;
  #clock: StreamClock | undefined;

  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
  }

  /** The uniform ring for bind groups of kernels without immediates. */
  get ring(): GPUBuffer {
    this.#ring ??= this.#device.createBuffer({
      label: 'uniform ring',
      size: SLOT_BYTES * BATCH,
      usage: UNIFORM_COPY_DST,
    });
    return this.#ring;
  }

  /** Times all launches from now on; undefined stops it. */
  set clock(clock: StreamClock | undefined) {
    this.flush();
    this.#clock = clock;
  }

  dispatch({ program, pipeline, bindGroup, workgroups, params, request }: Launch): void {
    const { name, immediates, signature } = program;
    const pass = this.#openPass(request);
    if (pipeline !== this.#pipeline) pass.setPipeline((this.#pipeline = pipeline));
    if (immediates) {
      // Dawn's Node bindings are three times as fast with a buffer as with an array on it.
      pass.setImmediates(0, params.words.buffer, 0, signature.paramsSize);
      if (bindGroup !== this.#bindGroup) pass.setBindGroup(0, (this.#bindGroup = bindGroup));
    } else {
      const slot = this.#slotsUsed++ * SLOT_BYTES;
      for (let word = 0; word < signature.paramsSize / 4; word++)
        this.#slots[slot / 4 + word] = params.words[word]!;
      this.#slotOffset[0] = slot;
      this.#bindGroup = undefined;
      pass.setBindGroup(0, bindGroup, this.#slotOffset, 0, 1);
    }
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    this.#stats.dispatches++;
    this.#recorded.push(name);
    if (this.#recorded.length >= BATCH) this.flush();
  }

  /** Copies bytes between buffers, in order with the launches. */
  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, bytes: number): void {
    this.#closePass();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(source, sourceOffset, target, 0, bytes);
    this.#recorded.push('read-back');
  }

  /** Submits the recorded batch to the queue. */
  flush(): void {
    if (!this.#encoder) return;
    this.#closePass();
    const encoder = this.#encoder;
    const recorded = this.#recorded;
    this.#encoder = undefined;
    this.#recorded = [];
    if (this.#slotsUsed > 0) {
      this.#device.queue.writeBuffer(this.ring, 0, this.#slots, 0, (this.#slotsUsed * SLOT_BYTES) / 4);
      this.#slotsUsed = 0;
    }
    this.#clock?.beforeSubmit(encoder);
    this.#faults.guard(
      () => this.#device.queue.submit([encoder.finish()]),
      () => `a batch of launches (${summary(recorded)}) failed`,
      ['validation'],
    );
    this.#clock?.afterSubmit();
    this.#stats.submits++;
  }

  #openPass(request: LaunchRequest): GPUComputePassEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    if (this.#clock) this.#openTimedPass(this.#encoder, this.#clock.note(request));
    this.#pass ??= this.#encoder.beginComputePass();
    return this.#pass;
  }

  /** Opens a pass for one launch, because WebGPU times only the beginning and the end of a pass. */
  #openTimedPass(
    encoder: GPUCommandEncoder,
    timestampWrites: GPUComputePassTimestampWrites | undefined,
  ): void {
    if (!timestampWrites) return;
    this.#closePass();
    this.#pass = encoder.beginComputePass({ timestampWrites });
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
    this.#bindGroup = undefined;
  }
}

function summary(kernels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kernel of kernels) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  return [...counts].map(([kernel, count]) => (count > 1 ? `${count} ${kernel}` : kernel)).join(', ');
}
