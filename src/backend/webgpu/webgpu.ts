import type { Wait } from '../../platform/platform.ts';
import type {
  Backend,
  Buffers,
  DeviceBuffer,
  DeviceStats,
  KernelChoices,
  KernelName,
  LaunchParams,
  Params,
  Recording,
  Variant,
} from '../backend.ts';
import { emptyStats } from '../backend.ts';
import { type DType, hostArray, itemSize, type TypedArray } from '../dtypes.ts';
import { halfBits, halfValue } from '../half.ts';
import { CaptureError, DeviceLostError, KernelError } from '../errors.ts';
import { MemoryPool } from '../memoryPool.ts';
import {
  type Clocks,
  endsOnce,
  type Profiling,
  requireClocks,
  type Settings,
  type StreamClock,
} from '../profile.ts';
import { activeRecorder, isComputing, refuseInCapture } from '../recorder.ts';
import { noteLaunch } from '../survey.ts';
import { immediateLimit, openDevice, type OpenedDevice } from './adapter.ts';
import { BindGroups } from './bindGroups.ts';
import { Faults } from './faults.ts';
import { geometryOf } from './geometry.ts';
import { GpuMemory, type Memory } from './memory.ts';
import { ParameterBlock, type ParamValues } from './parameters.ts';
import { Pipelines } from './pipelines.ts';
import { checkLaunch, MOST_PARAMS, openProgram, type Program } from './program.ts';
import { ReadBack } from './readBack.ts';
import { GpuRecording } from './recording.ts';
import { BATCH, CommandStream } from './stream.ts';
import { isTuned } from './tuning/choice.ts';
import { Tuning } from './tuning/tuning.ts';

export interface WebGpuOptions {
  /** Part of the adapter's name. */
  adapter?: string;
  /** False sends all parameters through the uniform ring, as on a device without immediates. */
  immediates?: boolean;
  /** False times no launches, as on a device without timestamps. */
  timestamps?: boolean;
  /** The kernels and tiles of launches; by default the built-in rules. */
  tuning?: Tuning;
  /** How launches are cut; by default as `geometry.ts` does. */
  geometry?: typeof geometryOf;
}

interface OpenOptions extends Omit<WebGpuOptions, 'tuning' | 'geometry'> {
  /** The choices of kernels and tiles; see InitOptions. */
  tuning?: KernelChoices | ((info: Backend['info']) => KernelChoices | Promise<KernelChoices>);
}

/** Opens the WebGPU backend. Throws AdapterError if no adapter can be used. */
export async function openWebGpu({ tuning = {}, ...options }: OpenOptions = {}): Promise<Backend> {
  const opened = await openDevice(options.adapter);
  const choices = typeof tuning === 'function' ? await tuning(opened.info) : tuning;
  return new WebGpuBackend(opened, { ...options, tuning: Tuning.of(opened.info, choices) });
}

/** The backend on an opened device. */
export class WebGpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly description: string;
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly tuning: Tuning;
  readonly #device: GPUDevice;
  readonly #wait: Wait;
  readonly #immediateLimit: number;
  readonly #stats: DeviceStats = emptyStats();
  readonly #faults: Faults;
  readonly #stream: CommandStream;
  readonly #bindGroups: BindGroups;
  readonly #pipelines: Pipelines;
  readonly #pool: MemoryPool<Memory>;
  readonly #readBack: ReadBack;
  readonly #geometry: typeof geometryOf;
  readonly #params = new ParameterBlock(MOST_PARAMS);
  readonly #timestamps: boolean;
  #recording: GpuRecording | undefined;
  #clock: StreamClock | undefined;
  readonly #programs = new Map<KernelName, Program>();

  constructor({ device, wait, description, info }: OpenedDevice, options: WebGpuOptions = {}) {
    const { immediates = true, timestamps = true, tuning = new Tuning(info) } = options;
    this.#device = device;
    this.#wait = wait;
    this.#geometry = options.geometry ?? geometryOf;
    this.#timestamps = timestamps && device.features.has('timestamp-query');
    this.description = description;
    this.info = { ...info, tuning: tuning.description };
    this.tuning = tuning;
    this.#immediateLimit = immediates ? immediateLimit(device) : 0;
    this.#faults = new Faults(device);
    this.#stream = new CommandStream(device, this.#faults, this.#stats);
    this.#pipelines = new Pipelines(device, this.#faults, this.#stats);
    const memory = new GpuMemory(device, this.#faults, this.#stats, () => {
      this.#stream.flush();
      this.#bindGroups.clear();
    });
    this.#pool = new MemoryPool(memory, this.#stats);
    this.#bindGroups = new BindGroups(device, this.#faults, this.#stream, this.#pool, this.#stats);
    this.#readBack = new ReadBack(device, this.#stream, this.#faults, this.#stats);
  }

  supports(dtype: DType): boolean {
    return dtype === 'float16' ? this.#device.features.has('shader-f16') : dtype !== 'float64';
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#faults.check();
    return this.#pool.allocate(dtype, length, activeRecorder() && this.#recording?.memory.arena);
  }

  release(buffer: DeviceBuffer): void {
    this.#pool.release(buffer, this.#recording?.memory.arena);
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#faults.check();
    refuseInCapture(
      'an upload from the host (tensor, loadStateDict)',
      'Create such tensors before the step, or pass them as arguments.',
    );
    checkRange('write', buffer, 0, data.length);
    if (data.length === 0) return;
    const { gpu } = this.#pool.memoryOf(buffer, 'write');
    const bytes = buffer.dtype === 'float16' ? Uint16Array.from(data, halfBits) : data;
    // The queue writes immediately, so recorded launches that may still use this memory are submitted first.
    this.#stream.flush();
    this.#faults.guard(
      () => this.#device.queue.writeBuffer(gpu, 0, wholeWords(bytes)),
      () => `a write of ${data.length} ${buffer.dtype}`,
    );
    this.#stats.bytesUploaded += bytes.byteLength;
  }

  async read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray> {
    this.#faults.check();
    checkRange('read', buffer, offset, length);
    const { gpu } = this.#pool.memoryOf(buffer, 'read');
    const half = buffer.dtype === 'float16';
    const array = half ? new Uint16Array(length) : hostArray(buffer.dtype, length);
    if (length > 0) {
      const start = offset * itemSize[buffer.dtype];
      await this.#waiting(this.#readBack.read(gpu, start, new Uint8Array(array.buffer)));
    }
    await this.#faults.settle();
    return array instanceof Uint16Array ? Float32Array.from(array, halfValue) : array;
  }

  run<K extends KernelName>(
    kernel: K,
    buffers: Buffers<K>,
    params: LaunchParams<K>,
    variant: Variant<K> = {},
  ): void {
    this.#faults.check();
    if (!isComputing()) return;
    noteLaunch(kernel, params, variant);
    const recording = activeRecorder() && this.#recording;
    if (!recording)
      refuseInCapture('a launch on another device', 'Keep the step on the device that captures it.');
    const choice = isTuned(kernel) && this.tuning.choose(kernel, params as Params<typeof kernel>, variant);
    const name = choice ? choice.kernel : kernel;
    const values = params as ParamValues;
    const program = this.#programs.get(name) ?? this.#open(name, buffers, values);
    const tile = (choice ? choice.tile : {}) as Variant<K>;
    const { software } = this.tuning.traits;
    const { settings, workgroups } = this.#geometry(name as K, params as Params<K>, variant, tile, software);
    // There is nothing to compute. Drivers warn of an empty grid.
    if (workgroups[0] * workgroups[1] * workgroups[2] === 0) return;
    const request = {
      kernel: name,
      buffers,
      params: values,
      variant: variant as Settings,
      settings: settings as Settings,
    };
    const pipeline = this.#pipelines.get(program, request.settings, request.variant);
    const bindGroup = this.#bindGroups.get(program, buffers);
    this.#params.write(name, program.signature.params, values);
    const launch = { program, pipeline, bindGroup, workgroups, request };
    this.#stream.dispatch({ ...launch, params: this.#params });
    recording?.add(launch, buffers, values);
  }

  record(body: () => void): Recording {
    if (this.#recording) throw new CaptureError('capture: another step is being captured on this device');
    const recording = (this.#recording = new GpuRecording(this.#stream, this.#faults, this.#pool));
    try {
      body();
    } catch (error) {
      recording.dispose();
      throw error;
    } finally {
      this.#recording = undefined;
    }
    return recording;
  }

  flush(): void {
    this.#stream.flush();
  }

  async synchronize(): Promise<void> {
    this.#faults.check();
    this.#stream.flush();
    await this.#waiting(this.#device.queue.onSubmittedWorkDone());
    await this.#faults.settle();
  }

  profile(clocks: Clocks): Profiling {
    this.#faults.check();
    if (this.#clock) throw new KernelError('profile: this device is already being profiled');
    const clock = (this.#clock = requireClocks(clocks).onGpu(this.#device, BATCH, this.#timestamps));
    this.#stream.clock = clock;
    return endsOnce(async () => {
      this.#stream.clock = this.#clock = undefined;
      this.#faults.check();
      const profile = await clock.read().catch((error: unknown) => {
        // A device that is lost meanwhile says so better than its buffers.
        this.#faults.check();
        throw error;
      });
      await this.#faults.settle();
      return profile;
    });
  }

  /** The device, for measurements of its own; undefined if it cannot time its launches. */
  get timed(): { device: GPUDevice; wait: Wait } | undefined {
    return this.#timestamps ? { device: this.#device, wait: this.#wait } : undefined;
  }

  stats(): DeviceStats {
    return { ...this.#stats };
  }

  destroy(): void {
    this.#faults.report(
      new DeviceLostError('The device was destroyed with destroy(); call init() for a new one.'),
    );
    this.#faults.close();
    this.#device.destroy();
  }

  #waiting<T>(promise: Promise<T>): Promise<T> {
    const waited = this.#wait(promise);
    return this.#clock ? this.#clock.wait(waited) : waited;
  }

  #open(name: KernelName, buffers: Readonly<Record<string, DeviceBuffer>>, params: ParamValues): Program {
    const program = openProgram(this.#device, name, this.#immediateLimit);
    checkLaunch(program, buffers, params);
    this.#programs.set(name, program);
    return program;
  }
}

function checkRange(what: string, buffer: DeviceBuffer, offset: number, length: number): void {
  if (length === 0 || (offset >= 0 && offset + length <= buffer.length)) return;
  throw new KernelError(
    `${what}: takes a range of the buffer's ${buffer.length} ${buffer.dtype}, got ${length} from ${offset}`,
  );
}

/**
 * The same bytes as a queue write requires them: a multiple of four, in memory of their own. Dawn crashes on a
 * SharedArrayBuffer, and browsers refuse a resizable buffer.
 */
function wholeWords(data: TypedArray | Uint16Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = data;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  const plain = buffer instanceof ArrayBuffer && (buffer as { resizable?: boolean }).resizable !== true;
  if (plain && byteLength % 4 === 0) return bytes;
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return padded;
}
