import type { DType, TypedArray } from './dtypes.ts';
import type { Profiling } from './profile.ts';
import type { Varying } from './recorder.ts';
import type { Signatures } from './signatures.ts';

export type KernelName = keyof Signatures;

/** Memory of a backend: its contents are reached through the backend alone. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Number of elements asked for; the memory behind may be larger. */
  readonly length: number;
}

/** The buffers that a kernel binds, by the names in its WGSL file. */
export type Buffers<K extends KernelName> = Record<keyof Signatures[K]['buffers'], DeviceBuffer>;

/** The uniform parameters of a kernel, by the names in its `Params` struct. */
export type Params<K extends KernelName> = Signatures[K]['params'];

/** Parameters of a launch; numbers that change from step to step are made by `live`. */
export type LaunchParams<K extends KernelName> = {
  readonly [Name in keyof Params<K>]: Params<K>[Name] extends number ? Varying : Params<K>[Name];
};

/** Values for a kernel's `override` and `const` declarations and type aliases; each has a default in the file. */
export type Variant<K extends KernelName> = Partial<Signatures[K]['variant']>;

/** What a device has done since it was opened. Benchmarks and tests assert on these figures. */
export interface DeviceStats {
  /** Kernel launches. */
  dispatches: number;
  /** Command buffers handed to the queue. */
  submits: number;
  /** Buffers in use, and their bytes. */
  buffersAlive: number;
  bytesAlive: number;
  /** The largest `bytesAlive` so far. */
  bytesPeak: number;
  /** Bytes kept for reuse, not in use. */
  bytesPooled: number;
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  bytesUploaded: number;
  bytesRead: number;
  /** Read-backs: each waits for the device. */
  reads: number;
}

/** Launches that can be made again, on the same buffers and with the present values of live parameters. */
export interface Recording {
  /** How many launches it has. */
  readonly launches: number;
  /** Buffers that were there before, and that the launches write. */
  readonly written: readonly { readonly buffer: DeviceBuffer; readonly kernel: KernelName }[];
  /** Buffers made during the recording that are still in use, besides those known of. */
  survivors(known: readonly DeviceBuffer[]): DeviceBuffer[];
  /** Makes the launches again. Throws CaptureError when a buffer that was there before has been freed. */
  replay(): void;
  /** Gives back the memory that the recording holds. */
  dispose(): void;
}

/** For classes of launches such as `matmul 128x256x1024 NT`: the kernel, and the constants of its tile, that they take. */
export type KernelChoices = Readonly<
  Record<string, { readonly kernel: string; readonly tile: Readonly<Record<string, number>> }>
>;

/** Which kernels and tiles a device takes. They do not change while it is in use. */
export interface DeviceTuning {
  /** One line for people and records; equal choices give equal text. */
  readonly description: string;
  /** What was chosen when the device was opened; everything else follows built-in rules. */
  readonly choices: KernelChoices;
}

/**
 * A device on which tensors live: flat buffers and the kernels of `kernels/`, nothing about shapes or gradients.
 *
 * Launches return at once and run in order. Nothing waits for the device except `read` and `synchronize`, which
 * also report what failed meanwhile.
 */
export interface Backend {
  readonly name: 'cpu' | 'webgpu';
  /** One line for people: adapter and driver, or the processor. */
  readonly description: string;
  /** Adapter, driver and limits, for the records of a run. */
  readonly info: Readonly<Record<string, string | number | boolean>>;
  /** Which kernels and tiles launches take, where there is a choice. */
  readonly tuning?: DeviceTuning;
  /** Whether tensors of this dtype can lie here. */
  supports(dtype: DType): boolean;
  /** A buffer of undefined contents; throws when it cannot be had. */
  allocate(dtype: DType, length: number): DeviceBuffer;
  /** Hands a buffer back for reuse. Launches already made still see it. */
  release(buffer: DeviceBuffer): void;
  /** Copies values into a buffer, from its start. */
  write(buffer: DeviceBuffer, data: TypedArray): void;
  /** Waits for what was launched so far, and copies elements out. */
  read(buffer: DeviceBuffer, offset: number, length: number): Promise<TypedArray>;
  /** Launches a kernel; the one way in which anything is computed. */
  run<K extends KernelName>(
    kernel: K,
    buffers: Buffers<K>,
    params: LaunchParams<K>,
    variant?: Variant<K>,
  ): void;
  /**
   * Runs `body` and notes its launches, so that they can be made again; buffers that it makes and frees belong to
   * the recording. Not to be had where nothing is computed.
   */
  record?(body: () => void): Recording;
  /** Hands over what is recorded, so that the device starts on it, without waiting. */
  flush(): void;
  /** Waits until everything launched so far has run. */
  synchronize(): Promise<void>;
  /** What the device has done so far. */
  stats(): DeviceStats;
  /**
   * Notes all launches from now on, and times them where the device can: one profile at a time. What they compute stays
   * the same, bit by bit.
   */
  profile(): Profiling;
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
