import type { DType } from './dtypes.ts';
import { KernelError } from './errors.ts';
import type { Varying } from './recorder.ts';
import type { Signatures } from './signatures.ts';

/** Values for a kernel's constants and aliases, by name. */
export type Settings = Readonly<Record<string, number | boolean | string | undefined>>;

/** A launch as the backend made it. */
export interface LaunchRequest {
  readonly kernel: keyof Signatures;
  readonly buffers: Readonly<Record<string, { readonly dtype: DType; readonly length: number }>>;
  readonly params: Readonly<Record<string, Varying | readonly number[]>>;
  readonly variant: Settings;
  /** Performance constants; the variant takes precedence. */
  readonly settings?: Settings;
}

/** When a launch ran. */
export interface LaunchTime {
  /** Milliseconds of `performance.now()`; undefined if the device keeps no time. */
  readonly start: number | undefined;
  /** Its duration; undefined if the device keeps no time. */
  readonly milliseconds: number | undefined;
}

/** A launch and when it ran. */
export interface ProfiledLaunch extends LaunchTime {
  readonly request: LaunchRequest;
  /** How it was run, if the backend has several ways: `SIMD`. */
  readonly way?: string;
}

/** Work of the host for the device: submitting a batch of launches, or waiting. */
export interface HostSpan {
  readonly what: 'submit' | 'wait';
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly milliseconds: number;
}

/** How a device was profiled, and what its host did. */
export interface ProfileFacts {
  /** Work of the host for the device. */
  readonly host: readonly HostSpan[];
  /** Whether the host itself runs the launches. */
  readonly onHost: boolean;
  /** For people: how launches were timed, and how that affects them, or why they were not. */
  readonly method: string;
  /** The error between the clocks of device and host, in milliseconds; the same for all launches. */
  readonly clockError: number;
}

/** The records of a device from `profile` to `stop`. */
export interface DeviceProfile extends ProfileFacts {
  /** All launches, in order. */
  readonly launches: readonly ProfiledLaunch[];
}

/** A running profile. */
export interface Profiling {
  /** Ends the profile, and waits for what has been launched. Launches after the call are not part of it. */
  stop(): Promise<DeviceProfile>;
}

/** A running profile that ends with the first call of `stop`. Later calls return the same records. */
export function endsOnce(end: () => Promise<DeviceProfile>): Profiling {
  let ended: Promise<DeviceProfile> | undefined;
  return { stop: () => (ended ??= end()) };
}

/**
 * @internal
 * @throws KernelError where there are none: the device's own method is not meant for programs
 */
export function requireClocks(clocks: Clocks | undefined): Clocks {
  if (typeof clocks?.onHost === 'function' && typeof clocks.onGpu === 'function') return clocks;
  throw new KernelError(
    "profile: a device takes clocks; call profile(device) of 'wgrad/diagnostics' instead",
  );
}

/** Notes the kernels that a device runs on the host, with their times. */
export interface KernelClock {
  /** Records a kernel that has just run, in WebAssembly or not. */
  note(request: LaunchRequest, simd: boolean, start: number): void;
  read(): DeviceProfile;
}

/**
 * Notes the launches of a command stream, with their times.
 *
 * @internal
 */
export interface StreamClock {
  /** Records a launch, and returns where its pass writes its times. */
  note(request: LaunchRequest): GPUComputePassTimestampWrites | undefined;
  beforeSubmit(encoder: GPUCommandEncoder): void;
  afterSubmit(): void;
  /** Records how long the host waits. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** Returns all records when the device has finished. */
  read(): Promise<DeviceProfile>;
}

/**
 * What a profile is measured with: each kind of device takes its own. They come from outside, as few programs profile.
 *
 * @internal
 */
export interface Clocks {
  onHost(): KernelClock;
  /** @param batch the most launches between two submits */
  onGpu(device: GPUDevice, batch: number, timestamps: boolean): StreamClock;
}
