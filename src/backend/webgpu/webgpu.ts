import type { Backend, Buffers, DeviceBuffer, DeviceStats, KernelName, Params, Variant } from '../backend.ts';
import { emptyStats } from '../backend.ts';
import { type DType, hostArray, itemSize, type TypedArray } from '../dtypes.ts';
import { DeviceLostError, KernelError } from '../errors.ts';
import { immediateLimit, openDevice, type OpenedDevice } from './adapter.ts';
import { BindGroups } from './bindGroups.ts';
import { Faults } from './faults.ts';
import { geometries } from './geometry.ts';
import { type GpuBuffer, MemoryPool } from './memory.ts';
import { compile, openProgram, type Program, type Settings } from './program.ts';
import { ReadBack } from './readBack.ts';
import { CommandStream } from './stream.ts';

/** Lanes that matmulSubgroup needs. */
const LEAST_SUBGROUP = 8;

/** Opens the WebGPU backend; throws AdapterError where no adapter can be used. */
export async function openWebGpu(options: { adapter?: string } = {}): Promise<Backend> {
  return new WebGpuBackend(await openDevice(options.adapter));
}

class WebGpuBackend implements Backend {
  readonly name = 'webgpu';
  readonly description: string;
  readonly info: Readonly<Record<string, string | number | boolean>>;
  readonly #device: GPUDevice;
  readonly #stats: DeviceStats = emptyStats();
  readonly #faults: Faults;
  readonly #stream: CommandStream;
  readonly #bindGroups: BindGroups;
  readonly #pool: MemoryPool;
  readonly #readBack: ReadBack;
  /** The variant for this device: both files keep one contract. */
  readonly #matmul: 'matmul' | 'matmulSubgroup';
  readonly #programs = new Map<KernelName, Program>();

  constructor({ device, description, info }: OpenedDevice) {
    this.#device = device;
    this.description = description;
    this.info = info;
    this.#matmul = Number(info.subgroupMinSize) >= LEAST_SUBGROUP ? 'matmulSubgroup' : 'matmul';
    this.#faults = new Faults(device);
    this.#stream = new CommandStream(device, this.#faults, this.#stats);
    this.#bindGroups = new BindGroups(device, this.#stream, this.#stats);
    this.#pool = new MemoryPool(device, this.#faults, this.#stats, (memory) => {
      this.#stream.flush();
      this.#bindGroups.forget(memory);
    });
    this.#readBack = new ReadBack(device, this.#stream, this.#faults, this.#stats);
  }

  supports(dtype: DType): boolean {
    return dtype !== 'float64';
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#faults.check();
    return this.#pool.allocate(dtype, length);
  }

  release(buffer: DeviceBuffer): void {
    this.#pool.release(buffer as GpuBuffer);
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#faults.check();
    if (data.length === 0) return;
    // The queue writes at once, so what is recorded and may still use this memory has to go first.
    this.#stream.flush();
    this.#device.queue.writeBuffer((buffer as GpuBuffer).memory.gpu, 0, wholeWords(data));
    this.#stats.bytesUploaded += data.byteLength;
  }

  async read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray> {
    this.#faults.check();
    const array = hostArray(buffer.dtype, length);
    if (length > 0) {
      const bytes = await this.#readBack.read(
        (buffer as GpuBuffer).memory.gpu,
        offset * itemSize[buffer.dtype],
        array.byteLength,
      );
      new Uint8Array(array.buffer).set(bytes);
    }
    await this.#faults.settle();
    return array;
  }

  run<K extends KernelName>(kernel: K, buffers: Buffers<K>, params: Params<K>, variant?: Variant<K>): void {
    this.#faults.check();
    const program = this.#program(kernel === 'matmul' ? this.#matmul : kernel);
    const { settings, workgroups } = geometries[program.name as K](params);
    const pipeline = this.#pipeline(program, { ...settings, ...variant } as Settings);
    const memories = program.signature.buffers.map(({ name, access }) => {
      const buffer = buffers[name as keyof typeof buffers] as GpuBuffer | undefined;
      if (!buffer)
        throw new KernelError(`${kernel}: no buffer for binding '${name}'; run \`npm run signatures\``);
      return { memory: buffer.memory, access };
    });
    const bindGroup = this.#bindGroups.get(program, memories);
    this.#stream.dispatch(program, pipeline, bindGroup, params, workgroups);
  }

  flush(): void {
    this.#stream.flush();
  }

  async synchronize(): Promise<void> {
    this.#faults.check();
    this.#stream.flush();
    await this.#device.queue.onSubmittedWorkDone();
    await this.#faults.settle();
  }

  stats(): DeviceStats {
    return { ...this.#stats };
  }

  destroy(): void {
    this.#faults.report(
      new DeviceLostError('The device was destroyed with destroy(); call init() for a new one.'),
    );
    this.#device.destroy();
  }

  #program(kernel: KernelName): Program {
    let program = this.#programs.get(kernel);
    if (!program) {
      program = openProgram(this.#device, kernel, immediateLimit(this.#device));
      this.#programs.set(kernel, program);
    }
    return program;
  }

  #pipeline(program: Program, settings: Settings): GPUComputePipeline {
    const key = Object.values(settings).join();
    let pipeline = program.pipelines.get(key);
    if (!pipeline) {
      pipeline = compile(this.#device, this.#faults, program, settings);
      program.pipelines.set(key, pipeline);
      this.#stats.pipelinesCreated++;
    }
    return pipeline;
  }
}

/** The same bytes, padded to the four-byte multiple that a queue write takes. */
function wholeWords(data: TypedArray): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  if (bytes.length % 4 === 0) return bytes;
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return padded;
}
