import type {
  DeviceProfile,
  HostSpan,
  LaunchRequest,
  ProfiledLaunch,
  StreamClock,
} from '../../backend/profile.ts';

// GPUBufferUsage and GPUMapMode, which are not globals in Node.
const QUERY_RESOLVE_COPY_SRC = 0x200 | 0x4;
const MAP_READ_COPY_DST = 0x1 | 0x8;
const MAP_MODE_READ = 0x1;

/** The start and the end time of a launch, 64 bits each. */
const LAUNCH_BYTES = 16;
/** Full batches of launches whose times fit into one buffer. */
const BATCHES = 64;
/** Attempts at reading both clocks at the same time. The closest counts. */
const READINGS = 8;

const TIMED =
  'timestamps of the device around each launch; each launch has a compute pass of its own, so none overlaps with ' +
  'its neighbours';
const UNTIMED =
  'this adapter offers no timestamps (the WebGPU feature timestamp-query): launches are counted, and the times are ' +
  'those of the host';

/** Times in nanoseconds of the device's own clock. */
interface DeviceSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Records the launches of a stream with their times. Timestamps are written around each launch's compute pass,
 * collected batch by batch on the device, and read when the profile ends. Nothing waits before that.
 */
export class LaunchClock implements StreamClock {
  readonly #device: GPUDevice;
  readonly #batch: number;
  readonly #queries: GPUQuerySet | undefined;
  readonly #resolved: GPUBuffer | undefined;
  readonly #requests: LaunchRequest[] = [];
  readonly #host: HostSpan[] = [];
  /** Times of earlier batches that are being copied to the host. */
  readonly #times: { buffer: GPUBuffer; used: number }[] = [];
  /** Launches of the current batch. */
  #noted = 0;
  #submitting = 0;

  /** @param batch the most launches between two submits */
  constructor(device: GPUDevice, batch: number, timestamps: boolean) {
    this.#device = device;
    this.#batch = batch;
    if (!timestamps) return;
    this.#queries = device.createQuerySet({ label: 'profile', type: 'timestamp', count: 2 * batch });
    this.#resolved = device.createBuffer({
      label: 'profile',
      size: LAUNCH_BYTES * batch,
      usage: QUERY_RESOLVE_COPY_SRC,
    });
  }

  /** Records a launch, and returns where its pass writes its times. */
  note(request: LaunchRequest): GPUComputePassTimestampWrites | undefined {
    this.#requests.push(request);
    return this.#queries && span(this.#queries, this.#noted++);
  }

  beforeSubmit(encoder: GPUCommandEncoder): void {
    this.#gather(encoder);
    this.#submitting = performance.now();
  }

  afterSubmit(): void {
    this.#noteSpan('submit', this.#submitting);
  }

  /** Records how long the host waits. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await promise;
    } finally {
      this.#noteSpan('wait', start);
    }
  }

  /** Returns all records when the device has finished. */
  async read(): Promise<DeviceProfile> {
    const requests = this.#requests;
    if (!this.#queries) {
      await this.#device.queue.onSubmittedWorkDone();
      const launches = requests.map((request) => ({ request, start: undefined, milliseconds: undefined }));
      return { launches, host: this.#host, onHost: false, method: UNTIMED, clockError: 0 };
    }
    try {
      const spans = await this.#spans();
      const { offset, error } = await this.#compareClocks(this.#queries);
      const launches = requests.map((request, index) => ({ request, ...hostTimes(spans[index]!, offset) }));
      return { launches, host: this.#host, onHost: false, method: TIMED, clockError: error };
    } finally {
      this.#queries.destroy();
      this.#resolved!.destroy();
      for (const { buffer } of this.#times) buffer.destroy();
    }
  }

  #noteSpan(what: HostSpan['what'], start: number): void {
    this.#host.push({ what, start, milliseconds: performance.now() - start });
  }

  /** Appends the times of the current batch to those of the earlier ones. */
  #gather(encoder: GPUCommandEncoder): void {
    if (!this.#queries || this.#noted === 0) return;
    const bytes = LAUNCH_BYTES * this.#noted;
    const last = this.#times.at(-1);
    const room = last && last.used + bytes <= last.buffer.size;
    const target = room ? last : this.#moreRoom();
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#noted, this.#resolved!, 0);
    encoder.copyBufferToBuffer(this.#resolved!, 0, target.buffer, target.used, bytes);
    target.used += bytes;
    this.#noted = 0;
  }

  #moreRoom(): { buffer: GPUBuffer; used: number } {
    const size = LAUNCH_BYTES * this.#batch * BATCHES;
    const times = {
      buffer: this.#device.createBuffer({ label: 'profile', size, usage: MAP_READ_COPY_DST }),
      used: 0,
    };
    this.#times.push(times);
    return times;
  }

  async #spans(): Promise<DeviceSpan[]> {
    const spans: DeviceSpan[] = [];
    for (const { buffer, used } of this.#times) {
      await buffer.mapAsync(MAP_MODE_READ, 0, used);
      const times = new BigUint64Array(buffer.getMappedRange(0, used));
      for (let at = 0; at < times.length; at += 2) {
        spans.push({ start: Number(times[at]!), end: Number(times[at + 1]!) });
      }
    }
    return spans;
  }

  /** The offset from the device's milliseconds to the host's, measured with empty passes. */
  async #compareClocks(queries: GPUQuerySet): Promise<{ offset: number; error: number }> {
    let closest = { offset: 0, error: Infinity };
    const staging = this.#device.createBuffer({ size: LAUNCH_BYTES, usage: MAP_READ_COPY_DST });
    for (let reading = 0; reading < READINGS; reading++) {
      const encoder = this.#device.createCommandEncoder();
      encoder.beginComputePass({ timestampWrites: span(queries, 0) }).end();
      encoder.resolveQuerySet(queries, 0, 2, this.#resolved!, 0);
      encoder.copyBufferToBuffer(this.#resolved!, 0, staging, 0, LAUNCH_BYTES);
      const commands = encoder.finish();
      const before = performance.now();
      this.#device.queue.submit([commands]);
      await staging.mapAsync(MAP_MODE_READ);
      const after = performance.now();
      const [start] = new BigUint64Array(staging.getMappedRange());
      staging.unmap();
      const error = (after - before) / 2;
      if (error < closest.error) closest = { offset: (before + after) / 2 - Number(start) / 1e6, error };
    }
    staging.destroy();
    return closest;
  }
}

/** Where a launch of a batch writes its times. */
function span(querySet: GPUQuerySet, launch: number): GPUComputePassTimestampWrites {
  return { querySet, beginningOfPassWriteIndex: 2 * launch, endOfPassWriteIndex: 2 * launch + 1 };
}

/** WebGPU lets clocks jump when a GPU changes its speed or sleeps. A launch never takes less than zero time. */
function hostTimes(
  { start, end }: DeviceSpan,
  offset: number,
): Pick<ProfiledLaunch, 'start' | 'milliseconds'> {
  return { start: start / 1e6 + offset, milliseconds: Math.max(0, end - start) / 1e6 };
}
