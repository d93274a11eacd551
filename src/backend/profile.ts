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

/** What the host did for the device: hand over a batch of launches, or wait for it. */
export interface HostSpan {
  readonly what: 'submit' | 'wait';
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly milliseconds: number;
}

/** What a device noted from `profile` to `stop`. */
export interface DeviceProfile {
  /** All launches, in their order. */
  readonly launches: readonly ProfiledLaunch[];
  readonly host: readonly HostSpan[];
  /** Whether the host itself runs the launches, while it makes them. */
  readonly onHost: boolean;
  /** For people: how launches were timed, and how that affects them, or why they were not. */
  readonly method: string;
  /** How far the device's clock may be off the host's, in milliseconds; the same for all launches. */
  readonly clockError: number;
}

/** A device that notes its launches. */
export interface Profiling {
  /** Ends the profile, and waits for what has been launched. Launches after the call are not part of it. */
  stop(): Promise<DeviceProfile>;
}
