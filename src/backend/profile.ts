import type { DType } from './dtypes.ts';
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

/** A launch and when it ran. */
export interface ProfiledLaunch {
  readonly request: LaunchRequest;
  /** How it was run, if the backend has several ways: `SIMD`. */
  readonly way?: string;
  /** Milliseconds of `performance.now()`; undefined if the device keeps no time. */
  readonly start: number | undefined;
  readonly milliseconds: number | undefined;
}

/** Work of the host for the device: submitting a batch of launches, or waiting. */
export interface HostSpan {
  readonly what: 'submit' | 'wait';
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly milliseconds: number;
}

/** The records of a device from `profile` to `stop`. */
export interface DeviceProfile {
  /** All launches, in order. */
  readonly launches: readonly ProfiledLaunch[];
  readonly host: readonly HostSpan[];
  /** Whether the host itself runs the launches. */
  readonly onHost: boolean;
  /** For people: how launches were timed, and how that affects them, or why they were not. */
  readonly method: string;
  /** The error between the clocks of device and host, in milliseconds; the same for all launches. */
  readonly clockError: number;
}

/** A running profile. */
export interface Profiling {
  /** Ends the profile, and waits for what has been launched. Launches after the call are not part of it. */
  stop(): Promise<DeviceProfile>;
}
