import type {
  Backend,
  Buffers,
  DeviceBuffer,
  DeviceStats,
  KernelName,
  LaunchParams,
  Params,
  Upload,
  Variant,
} from '../backend.ts';
import { emptyStats } from '../backend.ts';
import type { LaunchRequest } from '../costs/launchFacts.ts';
import { type DType, hostArray, storable, type TypedArray } from '../dtypes.ts';
import { DeviceLostError, KernelError, OutOfMemoryError } from '../errors.ts';
import type { DeviceProfile, Profiling } from '../profile.ts';
import { isComputing, refuseInCapture } from '../recorder.ts';
import type { Signatures } from '../signatures.ts';
import { TwinClock } from './profiler.ts';
import { inHeap } from './simd/heap.ts';
import { SimdModule } from './simd/module.ts';
import { simdTwins } from './simd/twins.ts';
import { twins } from './twins.ts';

interface CpuBuffer extends DeviceBuffer {
  readonly array: TypedArray;
}

/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

export interface CpuOptions {
  /** Only the plain twins, float64 accumulators for float32 too: what every kernel is checked against. */
  reference?: boolean;
  /** Threads that share large products; as many as there are processors by default. */
  threads?: number;
}

/**
 * Opens the CPU backend. Float32 runs in WebAssembly, with SIMD and threads, where kernels/wasm/ has the kernel;
 * everything else, and all of it with `reference`, in the plain twins.
 */
export function openCpu({ reference = false, threads }: CpuOptions = {}): Backend {
  if (reference) return new CpuBackend(undefined);
  try {
    return new CpuBackend(new SimdModule(threads));
  } catch (error) {
    // Without shared memory or SIMD there is no WebAssembly path; an address space limit can forbid its memory, too.
    return new CpuBackend(undefined, `, as WebAssembly cannot start: ${String(error)}`);
  }
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly description: string;
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly #simd: SimdModule | undefined;
  readonly #stats: DeviceStats = emptyStats();
  readonly #free = new Map<string, TypedArray[]>();
  #destroyed = false;
  #clock: TwinClock | undefined;

  constructor(simd: SimdModule | undefined, reason: string = '') {
    this.#simd = simd;
    this.description = simd
      ? `WebAssembly SIMD on the CPU, ${simd.threads === 1 ? 'one thread' : `${simd.threads} threads`}`
      : `JavaScript on the CPU, float64 accumulators${reason}`;
    this.info = { description: this.description, software: true, threads: simd?.threads ?? 1 };
  }

  supports(): boolean {
    return true;
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#check();
    const recycled = this.#free.get(`${dtype} ${length}`)?.pop();
    if (recycled) this.#stats.bytesPooled -= recycled.byteLength;
    const array = recycled ?? this.#create(dtype, length);
    this.#stats.buffersAlive++;
    this.#stats.bytesAlive += array.byteLength;
    this.#stats.bytesPeak = Math.max(this.#stats.bytesPeak, this.#stats.bytesAlive);
    return { dtype, length, array } satisfies CpuBuffer as DeviceBuffer;
  }

  release(buffer: DeviceBuffer): void {
    const { array } = buffer as CpuBuffer;
    this.#stats.buffersAlive--;
    this.#stats.bytesAlive -= array.byteLength;
    this.#stats.bytesPooled += array.byteLength;
    const key = `${buffer.dtype} ${buffer.length}`;
    const peers = this.#free.get(key);
    if (peers) peers.push(array);
    else this.#free.set(key, [array]);
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) this.#emptyPool();
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#check();
    (buffer as CpuBuffer).array.set(storable(buffer.dtype, data));
    this.#stats.bytesUploaded += data.byteLength;
  }

  upload(buffer: DeviceBuffer): Upload {
    let done = 0;
    const write = (data: TypedArray): Promise<void> => {
      this.#check();
      (buffer as CpuBuffer).array.set(storable(buffer.dtype, data), done);
      done += data.length;
      this.#stats.bytesUploaded += data.byteLength;
      return Promise.resolve();
    };
    return { write, end: () => undefined };
  }

  read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray> {
    this.#check();
    const copy = (buffer as CpuBuffer).array.slice(offset, offset + length);
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
    refuseInCapture('a launch on the CPU', 'Keep the step on the device that captures it.');
    this.#stats.dispatches++;
    const arrays = Object.fromEntries(
      Object.entries<DeviceBuffer>(buffers).map(([name, buffer]) => [name, (buffer as CpuBuffer).array]),
    ) as Record<keyof Signatures[K]['buffers'], TypedArray>;
    // Live parameters are made for recordings alone.
    const plain = params as Params<K>;
    const start = this.#clock && performance.now();
    const fast = this.#simd && simdTwins[kernel];
    const done = fast?.(this.#simd!, arrays, plain, variant) ?? false;
    if (!done) twins[kernel](arrays, plain, variant);
    if (start !== undefined) {
      const request = { kernel, buffers, params: plain, variant: variant as LaunchRequest['variant'] };
      this.#clock!.note(request, done, start);
    }
  }

  flush(): void {
    this.#check();
  }

  synchronize(): Promise<void> {
    this.#check();
    return Promise.resolve();
  }

  profile(): Profiling {
    this.#check();
    if (this.#clock) throw new KernelError('profile: this device is being profiled already');
    const clock = (this.#clock = new TwinClock());
    const stop = (): Promise<DeviceProfile> => {
      this.#clock = undefined;
      return Promise.resolve(clock.read());
    };
    return { stop };
  }

  stats(): DeviceStats {
    return { ...this.#stats };
  }

  destroy(): void {
    this.#destroyed = true;
    this.#emptyPool();
    this.#simd?.destroy();
  }

  #emptyPool(): void {
    for (const array of [...this.#free.values()].flat()) {
      if (inHeap(array)) this.#simd?.heap.give(array.byteOffset, array.byteLength);
    }
    this.#free.clear();
    this.#stats.bytesPooled = 0;
  }

  #create(dtype: DType, length: number): TypedArray {
    this.#stats.buffersCreated++;
    try {
      return this.#simd?.heap.array(dtype, length) ?? hostArray(dtype, length);
    } catch (error) {
      throw new OutOfMemoryError(
        `A buffer of ${length} ${dtype} does not fit into memory (${this.#stats.bytesAlive} bytes in use): ` +
          `use a smaller batch or model, or free tensors with scope(). (${String(error)})`,
      );
    }
  }

  #check(): void {
    if (this.#destroyed)
      throw new DeviceLostError('The device was destroyed with destroy(); call init() for a new one.');
  }
}
