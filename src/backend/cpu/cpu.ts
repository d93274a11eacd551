import type {
  Backend,
  Buffers,
  DeviceBuffer,
  DeviceStats,
  KernelName,
  LaunchParams,
  Params,
  Variant,
} from '../backend.ts';
import { emptyStats } from '../backend.ts';
import { type DType, hostArray, type TypedArray } from '../dtypes.ts';
import { DeviceLostError, OutOfMemoryError } from '../errors.ts';
import { refuseInCapture } from '../recorder.ts';
import type { Signatures } from '../signatures.ts';
import { twins } from './twins.ts';

interface CpuBuffer extends DeviceBuffer {
  readonly array: TypedArray;
}

/** Free memory always kept for reuse. */
const SPARE = 256 * 2 ** 20;

/** Opens the CPU backend: the reference for every kernel, and the fallback where there is no adapter. */
export function openCpu(): Backend {
  return new CpuBackend();
}

class CpuBackend implements Backend {
  readonly name = 'cpu';
  readonly description = 'JavaScript on the CPU, float64 accumulators';
  readonly info: Readonly<Record<string, string | number | boolean>> = {
    description: this.description,
    software: true,
  };
  readonly #stats: DeviceStats = emptyStats();
  readonly #free = new Map<string, TypedArray[]>();
  #destroyed = false;

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
    if (this.#stats.bytesPooled > Math.max(SPARE, this.#stats.bytesPeak)) {
      this.#free.clear();
      this.#stats.bytesPooled = 0;
    }
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#check();
    (buffer as CpuBuffer).array.set(data);
    this.#stats.bytesUploaded += data.byteLength;
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
    refuseInCapture('a launch on the CPU', 'Keep the step on the device that captures it.');
    this.#stats.dispatches++;
    const arrays = Object.fromEntries(
      Object.entries<DeviceBuffer>(buffers).map(([name, buffer]) => [name, (buffer as CpuBuffer).array]),
    ) as Record<keyof Signatures[K]['buffers'], TypedArray>;
    // Live parameters are made for recordings alone.
    twins[kernel](arrays, params as Params<K>, variant);
  }

  flush(): void {
    this.#check();
  }

  synchronize(): Promise<void> {
    this.#check();
    return Promise.resolve();
  }

  stats(): DeviceStats {
    return { ...this.#stats };
  }

  destroy(): void {
    this.#destroyed = true;
    this.#free.clear();
  }

  #create(dtype: DType, length: number): TypedArray {
    this.#stats.buffersCreated++;
    try {
      return hostArray(dtype, length);
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
