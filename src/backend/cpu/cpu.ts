import { compileCpuModule } from '#cpuModule';
import { platform } from '#platform';
import type {
  Backend,
  Buffers,
  DeviceBuffer,
  DeviceStats,
  KernelName,
  LaunchParams,
  Recording,
  Variant,
} from '../backend.ts';
import { emptyStats } from '../backend.ts';
import { type DType, hostArray, storable, type TypedArray } from '../dtypes.ts';
import { CaptureError, DeviceLostError, KernelError } from '../errors.ts';
import { MemoryPool } from '../memoryPool.ts';
import {
  type Clocks,
  endsOnce,
  type KernelClock,
  type Profiling,
  requireClocks,
  type Settings,
} from '../profile.ts';
import { activeRecorder, isComputing, Live, refuseInCapture } from '../recorder.ts';
import { HostMemory, type Memory } from './memory.ts';
import { noteLaunch } from '../survey.ts';
import { type Given, type Launch, CpuRecording } from './recording.ts';
import { SimdModule } from './simd/module.ts';
import { simdTwins } from './simd/twins.ts';
import { twins } from './twins.ts';

export interface CpuOptions {
  /** Uses only the plain twins, with float64 sums for float32 as well. Every kernel is checked against them. */
  reference?: boolean;
  /** Threads that share large products; by default one per processor. */
  threads?: number;
  /** The build with relaxed SIMD, or the portable one, whose bits are the same on every processor; by default the faster. */
  relaxedSimd?: boolean;
}

/**
 * Opens the CPU backend. Float32 runs in WebAssembly, with SIMD and threads, if kernels/wasm/ has the kernel.
 * Everything else, and everything with `reference`, runs in the plain twins.
 */
export async function openCpu({
  reference = false,
  threads,
  relaxedSimd,
}: CpuOptions = {}): Promise<Backend> {
  if (reference) return new CpuBackend();
  try {
    const relaxed = relaxedSimd ?? platform.relaxedSimd;
    const simd = new SimdModule(await compileCpuModule(relaxed), threads);
    if (platform.threadsNeedEventLoop) await simd.start();
    return new CpuBackend({ simd, relaxedSimd: relaxed });
  } catch (error) {
    // WebAssembly needs shared memory and SIMD. A limit on the address space can also forbid its memory.
    return new CpuBackend({ reason: `, as WebAssembly cannot start: ${String(error)}` });
  }
}

/** What computes: the WebAssembly module, or the plain twins, with the reason. */
interface Computing {
  readonly simd?: SimdModule;
  readonly relaxedSimd?: boolean;
  readonly reason?: string;
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly description: string;
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly #simd: SimdModule | undefined;
  readonly #stats: DeviceStats = emptyStats();
  readonly #pool: MemoryPool<Memory>;
  #destroyed = false;
  #clock: KernelClock | undefined;
  #recording: CpuRecording | undefined;

  constructor({ simd, relaxedSimd = false, reason = '' }: Computing = {}) {
    this.#simd = simd;
    this.#pool = new MemoryPool(new HostMemory(this.#stats, simd?.heap), this.#stats);
    if (simd) simd.heap.makeRoom = () => this.#pool.trim();
    this.description = simd
      ? `WebAssembly ${relaxedSimd ? 'relaxed SIMD' : 'SIMD'} on the CPU, ${simd.threads === 1 ? 'one thread' : `${simd.threads} threads`}`
      : `JavaScript on the CPU, float64 accumulators${reason}`;
    this.info = { description: this.description, software: true, threads: simd?.threads ?? 1, relaxedSimd };
  }

  supports(): boolean {
    return true;
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#check();
    return this.#pool.allocate(dtype, length, activeRecorder() && this.#recording?.memory.arena);
  }

  release(buffer: DeviceBuffer): void {
    this.#pool.release(buffer, this.#recording?.memory.arena);
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#check();
    refuseInCapture(
      'an upload from the host (tensor, loadStateDict)',
      'Create such tensors before the step, or pass them as arguments.',
    );
    this.#pool.memoryOf(buffer, 'write').array.set(storable(buffer.dtype, data));
    this.#stats.bytesUploaded += data.byteLength;
  }

  read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray> {
    this.#check();
    const copy = hostArray(buffer.dtype, length);
    copy.set(this.#pool.memoryOf(buffer, 'read').array.subarray(offset, offset + length));
    this.#stats.reads++;
    this.#stats.bytesRead += copy.byteLength;
    return Promise.resolve(copy);
  }

  run<K extends KernelName>(
    kernel: K,
    buffers: Buffers<K>,
    params: LaunchParams<K>,
    variant: Variant<K> = {},
  ): void {
    this.#check();
    if (!isComputing()) return;
    noteLaunch(kernel, params, variant);
    const recording = activeRecorder() && this.#recording;
    if (!recording) refuseInCapture('a launch on the CPU', 'Keep the step on the device that captures it.');
    const arrays: Record<string, TypedArray> = {};
    for (const name in buffers) arrays[name] = this.#pool.memoryOf(buffers[name], kernel).array;
    const launch = {
      kernel,
      buffers,
      arrays,
      params: recording ? present(params as Given) : params,
      variant,
    };
    this.#launch(launch as unknown as Launch);
    recording?.add(launch as unknown as Launch, params as Given);
  }

  record(body: () => void): Recording {
    if (this.#recording) throw new CaptureError('capture: another step is being captured on this device');
    const launch = (recorded: Launch): void => {
      this.#check();
      this.#launch(recorded);
    };
    const recording = (this.#recording = new CpuRecording(launch, this.#pool));
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
    this.#check();
  }

  synchronize(): Promise<void> {
    this.#check();
    return Promise.resolve();
  }

  profile(clocks: Clocks): Profiling {
    this.#check();
    if (this.#clock) throw new KernelError('profile: this device is already being profiled');
    const clock = (this.#clock = requireClocks(clocks).onHost());
    return endsOnce(() => {
      this.#clock = undefined;
      return Promise.resolve(clock.read());
    });
  }

  stats(): DeviceStats {
    return { ...this.#stats };
  }

  destroy(): void {
    this.#destroyed = true;
    this.#pool.trim();
    this.#simd?.destroy();
  }

  #launch(launch: Launch): void {
    this.#stats.dispatches++;
    const start = this.#clock && performance.now();
    const done = this.#compute(launch);
    if (start !== undefined) {
      const { kernel, buffers, params, variant } = launch;
      const request = { kernel, buffers, params, variant: variant as Settings };
      this.#clock!.note(request, done, start);
    }
  }

  /** Returns whether it was computed in WebAssembly. */
  #compute({ kernel, arrays, params, variant }: Launch): boolean {
    type Any = (arrays: object, params: object, variant: object) => void;
    type AnySimd = (module: SimdModule, arrays: object, params: object, variant: object) => boolean;
    const fast = this.#simd && (simdTwins[kernel] as AnySimd | undefined);
    try {
      if (fast?.(this.#simd!, arrays, params, variant)) return true;
    } finally {
      this.#simd?.release();
    }
    (twins[kernel] as Any)(arrays, params, variant);
    return false;
  }

  #check(): void {
    if (this.#destroyed)
      throw new DeviceLostError('The device was destroyed with destroy(); call init() for a new one.');
  }
}

/** Parameters with the current values of the live ones. */
function present(params: Given): Launch['params'] {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value instanceof Live ? value.value : value]),
  );
}
