import type { DType, TypedArray } from './dtypes.ts';
import type { Clocks, Profiling } from './profile.ts';
import type { Varying } from './recorder.ts';
import type { Signatures } from './signatures.ts';

export type KernelName = keyof Signatures;

/** Memory of a backend. Only the backend accesses its contents. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** The requested number of elements; the memory may be larger. */
  readonly length: number;
}

/** The buffers that a kernel binds, by the names in its WGSL file. */
export type Buffers<K extends KernelName> = Record<keyof Signatures[K]['buffers'], DeviceBuffer>;

/** The uniform parameters of a kernel, by the names in its `Params` struct. */
export type Params<K extends KernelName> = Signatures[K]['params'];

/** Parameters of a launch. Numbers that change from step to step are created by `live`. */
export type LaunchParams<K extends KernelName> = {
  readonly [Name in keyof Params<K>]: Params<K>[Name] extends number ? Varying : Params<K>[Name];
};

/** Values for a kernel's `override` and `const` declarations and type aliases. Each has a default in the file. */
export type Variant<K extends KernelName> = Partial<Signatures[K]['variant']>;

/** What a device has done since it was opened. Benchmarks and tests assert on these counts. */
export interface DeviceStats {
  /** Kernel launches. */
  dispatches: number;
  /** Command buffers submitted to the queue. */
  submits: number;
  /** Buffers in use, and their bytes. */
  buffersAlive: number;
  bytesAlive: number;
  /** The largest `bytesAlive` so far. */
  bytesPeak: number;
  /** Bytes kept for reuse, which are not in use. */
  bytesPooled: number;
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  bytesUploaded: number;
  bytesRead: number;
  /** Reads of values. Each waits for the device. */
  reads: number;
}

/** Launches that can be repeated on the same buffers, with the current values of live parameters. */
export interface Recording {
  /** The number of launches. */
  readonly launches: number;
  /** Buffers that existed before the recording and that its launches write. */
  readonly written: readonly { readonly buffer: DeviceBuffer; readonly kernel: KernelName }[];
  /** Buffers that were created during the recording and are still in use, except the `known` ones. */
  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[];
  /** Repeats the launches. The memory that they use is not given to others while the recording exists. */
  replay(): void;
  /** Releases the memory that the recording holds. */
  dispose(): void;
}

/** The kernel and the tile constants for classes of launches such as `matmul 128x256x1024 NT`. */
export type KernelChoices = Readonly<
  Record<string, { readonly kernel: string; readonly tile: Readonly<Record<string, number>> }>
>;

/** The kernels and tiles that a device uses. They do not change while it is in use. */
export interface DeviceTuning {
  /** One line for people and records. Equal choices give equal text. */
  readonly description: string;
  /** The choices with which the device was opened. Everything else follows built-in rules. */
  readonly choices: KernelChoices;
}

/**
 * A device that holds tensors: flat buffers and the kernels of `kernels/`. It knows nothing about shapes or gradients.
 *
 * Launches return immediately and run in order. Only `read` and `synchronize` wait for the device, and they also report
 * errors of earlier launches.
 */
export interface Backend {
  readonly name: 'cpu' | 'webgpu';
  /** One line for people: adapter and driver, or the processor. */
  readonly description: string;
  /** Adapter, driver and limits, for the records of a run. */
  readonly info: Readonly<Record<string, string | number | boolean>>;
  /** The kernels and tiles that launches use, if there is a choice. */
  readonly tuning?: DeviceTuning;
  /** Whether the device supports tensors of this dtype. */
  supports(dtype: DType): boolean;
  /** Allocates a buffer with undefined contents. Throws OutOfMemoryError if that is impossible. */
  allocate(dtype: DType, length: number): DeviceBuffer;
  /** Releases a buffer for reuse. Earlier launches still use it. */
  release(buffer: DeviceBuffer): void;
  /** Copies values into a buffer, from its start. */
  write(buffer: DeviceBuffer, data: TypedArray): void;
  /** Waits for all earlier launches, and copies elements to the host. */
  read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray>;
  /** Launches a kernel. Every computation is a launch. */
  run<K extends KernelName>(
    kernel: K,
    buffers: Buffers<K>,
    params: LaunchParams<K>,
    variant?: Variant<K>,
  ): void;
  /**
   * Runs `body` and records its launches, so that they can be repeated. Buffers that it allocates and releases belong
   * to the recording. Undefined for devices that compute nothing.
   */
  record?(body: () => void): Recording;
  /** Submits recorded commands, so that the device starts on them, without waiting. */
  flush(): void;
  /** Waits until all launches so far have run. */
  synchronize(): Promise<void>;
  /** What the device has done so far. */
  stats(): DeviceStats;
  /**
   * Records all launches from now on, and times them if the device can. Only one profile runs at a time. Results stay
   * the same, bit by bit. `profile` of `wgrad/diagnostics` calls this.
   *
   * @internal
   */
  profile(clocks: Clocks): Profiling;
  /** Frees everything; later use is an error. */
  destroy(): void;
}

export function emptyStats(): DeviceStats {
  return {
    dispatches: 0,
    submits: 0,
    buffersAlive: 0,
    bytesAlive: 0,
    bytesPeak: 0,
    bytesPooled: 0,
    buffersCreated: 0,
    bindGroupsCreated: 0,
    pipelinesCreated: 0,
    bytesUploaded: 0,
    bytesRead: 0,
    reads: 0,
  };
}
