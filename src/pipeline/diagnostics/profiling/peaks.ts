import type { Backend } from '../../../backend/backend.ts';
import { kernelSource } from '../../../platform/node/kernels.ts';
import type { Wait } from '../../../platform/platform.ts';
import { WebGpuBackend } from '../../../backend/webgpu/webgpu.ts';
import type { Peaks } from './roof.ts';

// GPUBufferUsage and GPUMapMode, which are not globals in Node.
const STORAGE = 0x80;
const UNIFORM_COPY_DST = 0x40 | 0x8;
const QUERY_RESOLVE_COPY_SRC = 0x200 | 0x4;
const MAP_READ_COPY_DST = 0x1 | 0x8;
const MAP_MODE_READ = 0x1;

/** Bytes that one launch reads and writes in total, for measuring bandwidth. */
const TRAFFICS: readonly number[] = [2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26];
/** Invocations of the arithmetic kernel, and floating-point operations of each per round. */
const INVOCATIONS = 16 * 1024;
const ROUNDS = 16;
const ROUND_FLOPS = 256;
/** Work is repeated until it takes this long, because clocks are coarse. */
const LEAST_SECONDS = 0.004;
/**
 * The number of readings. The fastest counts, because it is the least disturbed. Slow devices get as many readings as
 * fit into these seconds.
 */
const READINGS = 9;
const LAUNCH_READINGS = 100;
const MOST_SECONDS = 0.3;
const WIDEST = 65_535;

/** A kernel with its operands, ready for launching. */
interface Bench {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number];
}

/**
 * Measures what a device can do at most, with the kernels in `kernels/peaks/` and timestamps, in a second or two.
 *
 * @returns undefined if the device cannot time its launches
 */
export async function peaksOf(device: Backend): Promise<Peaks | undefined> {
  const timed = device instanceof WebGpuBackend ? device.timed : undefined;
  if (!timed) return undefined;
  await device.synchronize();
  return measurePeaks(timed.device, timed.wait);
}

async function measurePeaks(device: GPUDevice, wait: Wait): Promise<Peaks> {
  const timer = new Timer(device, wait);
  const buffers: GPUBuffer[] = [];
  const keep = (buffer: GPUBuffer): GPUBuffer => {
    buffers.push(buffer);
    return buffer;
  };
  try {
    const flops = await arithmetic(device, timer, keep);
    const bandwidths: { bytes: number; bytesPerSecond: number }[] = [];
    for (const bytes of TRAFFICS) {
      const bench = traffic(device, bytes, keep);
      const launches = await timer.enough(bench);
      bandwidths.push({ bytes, bytesPerSecond: (bytes * launches) / (await timer.fastest(bench, launches)) });
    }
    const launch = await timer.fastest(traffic(device, 0, keep), 1, LAUNCH_READINGS);
    return { flops, bandwidths, launch };
  } finally {
    timer.destroy();
    for (const buffer of buffers) buffer.destroy();
  }
}

async function arithmetic(
  device: GPUDevice,
  timer: Timer,
  keep: (buffer: GPUBuffer) => GPUBuffer,
): Promise<number> {
  const out = keep(device.createBuffer({ size: 4 * INVOCATIONS, usage: STORAGE }));
  // The factor keeps numbers finite over any number of rounds.
  const params = paramsOf(device, keep, [ROUNDS], [0.5, 0.25]);
  let best = 0;
  for (const FUSED of [1, 0]) {
    const pipeline = pipelineOf(device, 'arithmetic', { FUSED });
    const group = groupOf(device, pipeline, [out, params]);
    const bench: Bench = { pipeline, group, workgroups: [INVOCATIONS / 64, 1] };
    const launches = await timer.enough(bench);
    const seconds = await timer.fastest(bench, launches);
    best = Math.max(best, (INVOCATIONS * ROUNDS * ROUND_FLOPS * launches) / seconds);
  }
  return best;
}

function traffic(device: GPUDevice, bytes: number, keep: (buffer: GPUBuffer) => GPUBuffer): Bench {
  const elements = bytes / 32;
  const size = Math.max(16, bytes / 2);
  const [x, out] = [0, 1].map(() => keep(device.createBuffer({ size, usage: STORAGE })));
  const params = paramsOf(device, keep, [elements], [0.5]);
  const pipeline = pipelineOf(device, 'traffic');
  const groups = Math.max(1, Math.ceil(elements / 1024));
  const rows = Math.ceil(groups / WIDEST);
  return {
    pipeline,
    group: groupOf(device, pipeline, [x!, out!, params]),
    workgroups: [Math.ceil(groups / rows), rows],
  };
}

function pipelineOf(
  device: GPUDevice,
  name: string,
  constants: Record<string, number> = {},
): GPUComputePipeline {
  const module = device.createShaderModule({ label: name, code: kernelSource(`peaks/${name}`) });
  return device.createComputePipeline({ label: name, layout: 'auto', compute: { module, constants } });
}

function groupOf(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  buffers: readonly GPUBuffer[],
): GPUBindGroup {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
}

function paramsOf(
  device: GPUDevice,
  keep: (buffer: GPUBuffer) => GPUBuffer,
  whole: readonly number[],
  real: readonly number[],
): GPUBuffer {
  const bytes = new Uint8Array(4 * (whole.length + real.length));
  bytes.set(new Uint8Array(Uint32Array.from(whole).buffer));
  bytes.set(new Uint8Array(Float32Array.from(real).buffer), 4 * whole.length);
  const buffer = keep(device.createBuffer({ size: 16, usage: UNIFORM_COPY_DST }));
  device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}

/** Times launches by the device's own clock. */
class Timer {
  readonly #device: GPUDevice;
  readonly #wait: Wait;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(device: GPUDevice, wait: Wait) {
    this.#device = device;
    this.#wait = wait;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.#resolved = device.createBuffer({ size: 16, usage: QUERY_RESOLVE_COPY_SRC });
    this.#staging = device.createBuffer({ size: 16, usage: MAP_READ_COPY_DST });
  }

  /** The number of launches that take long enough for timing. */
  async enough(bench: Bench): Promise<number> {
    // The first launch compiles.
    await this.#seconds(bench, 1);
    let launches = 1;
    while ((await this.#seconds(bench, launches)) < LEAST_SECONDS && launches < 4096) launches *= 2;
    return launches;
  }

  async fastest(bench: Bench, launches: number, readings: number = READINGS): Promise<number> {
    let least = Infinity;
    let spent = 0;
    for (let reading = 0; reading < readings && spent < MOST_SECONDS; reading++) {
      const seconds = await this.#seconds(bench, launches);
      spent += seconds;
      // WebGPU allows a clock to jump back. Such a reading is ignored.
      if (seconds > 0) least = Math.min(least, seconds);
    }
    return least;
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#staging.destroy();
  }

  async #seconds({ pipeline, group, workgroups }: Bench, launches: number): Promise<number> {
    const querySet = this.#queries;
    const encoder = this.#device.createCommandEncoder();
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass({ timestampWrites });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let launch = 0; launch < launches; launch++) pass.dispatchWorkgroups(...workgroups);
    pass.end();
    encoder.resolveQuerySet(querySet, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
    this.#device.queue.submit([encoder.finish()]);
    await this.#wait(this.#staging.mapAsync(MAP_MODE_READ));
    const [start, end] = new BigUint64Array(this.#staging.getMappedRange());
    this.#staging.unmap();
    return Number(end! - start!) / 1e9;
  }
}
