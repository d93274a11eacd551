/** What a launch computes and moves: see `costs/`. */
export interface LaunchFacts {
  readonly kernel: string;
  /** What it was specialised by, beyond what `shape` says. */
  readonly variant: string;
  readonly shape: string;
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes that have to move between memory and the processor at least. */
  readonly bytes: number;
}

/** A launch and when it ran. */
export interface ProfiledLaunch extends LaunchFacts {
  /** Milliseconds of `performance.now()`; undefined where the device keeps no time. */
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
  /** For people: how launches were timed, and what that does to them, or why they were not. */
  readonly method: string;
  /** How far the device's clock may be off the host's, in milliseconds; the same for all launches. */
  readonly clockError: number;
}

/** A device that notes its launches. */
export interface Profiling {
  /** Ends it, and waits for what has been launched. Launches after the call are no part of it. */
  stop(): Promise<DeviceProfile>;
}
