import type { Backend } from '../../backend/backend.ts';
import type { Clocks, ProfileFacts, Profiling } from '../../backend/profile.ts';
import { signature } from '../../tensor/arguments.ts';
import { defaultDevice } from '../../tensor/device.ts';
import { DEVICE, nullable } from '../../tensor/kinds.ts';
import { type CountedLaunch, countLaunches } from '../costs/launchFacts.ts';
import { LaunchClock } from './launchClock.ts';
import { TwinClock } from './twinClock.ts';

const profileArguments = signature('profile', { device: nullable(DEVICE) });

/** A device's profile, with what its launches compute and move. */
export interface CountedProfile extends ProfileFacts {
  /** All launches, in order. */
  readonly launches: readonly CountedLaunch[];
}

/** A running profile. */
export interface Profiler {
  /** Ends the profile, and waits for what has been launched. Launches after the call are not part of it. */
  stop(): Promise<CountedProfile>;
}

const clocks: Clocks = {
  onHost: () => new TwinClock(),
  onGpu: (device, batch, timestamps) => new LaunchClock(device, batch, timestamps),
};

/**
 * Records all launches of a device from now on: the kernel, its shape, floating-point operations, bytes, and its time if the
 * device can tell it. Results stay the same, bit by bit.
 *
 * @param device the default device unless given
 * @throws ArgumentError for anything but a device; KernelError if the device is already being profiled
 * @example
 * const profiler = profile();
 * loss.backward();
 * const { launches } = await profiler.stop();
 * console.table(launches.map(({ kernel, shape, flops, milliseconds }) => ({ kernel, shape, flops, milliseconds })));
 */
export function profile(device?: Backend | null): Profiler {
  profileArguments([device ?? null, ...Array.from<unknown>(arguments).slice(1)]);
  const profiling = profileRequests(device ?? defaultDevice());
  return {
    stop: async () => {
      const recorded = await profiling.stop();
      return { ...recorded, launches: countLaunches(recorded.launches) };
    },
  };
}

/** A profile with the requests of the launches as the library made them. */
export function profileRequests(device: Backend): Profiling {
  return device.profile(clocks);
}
