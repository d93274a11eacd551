import type { Backend, DeviceBuffer, Recording } from '../../../backend/backend.ts';
import { HostTrace, withRecorder } from '../../../backend/recorder.ts';
import type { Choice } from '../../../backend/webgpu/tuning/choice.ts';
import type { WebGpuBackend } from '../../../backend/webgpu/webgpu.ts';
import type { TunedLaunch } from './launches.ts';

/** A launch on a device, ready to be made with any choice and timed. */
export class Bench {
  readonly #device: WebGpuBackend;
  readonly #launch: TunedLaunch;
  readonly #buffers: Readonly<Record<string, DeviceBuffer>>;
  readonly #recordings: Recording[] = [];

  constructor(device: WebGpuBackend, launch: TunedLaunch) {
    this.#device = device;
    this.#launch = launch;
    this.#buffers = Object.fromEntries(
      Object.entries(launch.lengths).map(([name, length]) => [name, filled(device, length)]),
    );
  }

  /** Makes the launch once, waits for it, and gives what replays it. */
  async record(choice: Choice): Promise<Recording> {
    const { shape, operation, params, variant } = this.#launch;
    this.#device.tuning.set(shape, choice);
    const launchOnce = (): void => this.#device.run(operation, this.#buffers as never, params, variant);
    const recording = withRecorder(new HostTrace(), () => this.#device.record(launchOnce));
    this.#recordings.push(recording);
    await this.#device.synchronize();
    return recording;
  }

  /** What the last launch has computed. */
  result(): Promise<ArrayLike<number>> {
    const out = this.#buffers['out']!;
    return this.#device.read(out, 0, out.length);
  }

  dispose(): void {
    for (const recording of this.#recordings) recording.dispose();
    for (const buffer of Object.values(this.#buffers)) this.#device.release(buffer);
  }
}

/** Numbers in [-1, 1) without a pattern that a sum could cancel. */
function filled(device: Backend, length: number): DeviceBuffer {
  const buffer = device.allocate('float32', length);
  let state = 1;
  device.write(
    buffer,
    Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 31),
  );
  return buffer;
}

/** The largest difference, as a share of the largest number; NaN where a number is NaN, whatever the others are. */
export function deviation(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [most, largest] = [0, 0];
  for (let at = 0; at < expected.length; at++) {
    const difference = Math.abs(found[at]! - expected[at]!);
    most = Math.max(most, difference);
    largest = Math.max(largest, Math.abs(expected[at]!));
  }
  return largest === 0 ? most : most / largest;
}

/** Milliseconds for `launches` replays in a row, until the device has finished. */
export async function timed(device: Backend, recording: Recording, launches: number): Promise<number> {
  const start = performance.now();
  for (let launch = 0; launch < launches; launch++) recording.replay();
  await device.synchronize();
  return performance.now() - start;
}
