import { onTestFinished, vi } from 'vitest';
import {
  type DeviceBuffer,
  emptyStats,
  type Params,
  type Recording,
} from '../../../../src/backend/backend.ts';
import { type Choice, choiceText, isTuned } from '../../../../src/backend/webgpu/tuning/choice.ts';
import { Tuning } from '../../../../src/backend/webgpu/tuning/tuning.ts';
import type { WebGpuBackend } from '../../../../src/backend/webgpu/webgpu.ts';

export const info = {
  vendor: 'mesa',
  architecture: 'software',
  device: 'llvmpipe',
  description: 'llvmpipe: Mesa 25',
  software: true,
  subgroupMinSize: 8,
};

/** What a choice does on the fake device. */
export interface Behaviour {
  /** Milliseconds that a launch takes, the n-th one with this choice. */
  milliseconds(launch: number): number;
  /** The number that it computes; 1 unless given. */
  result?: number;
}

/**
 * A device that computes nothing: launches take the time that `behaviourOf` says, by a clock that takes the place of
 * performance.now().
 */
export function fakeDevice(behaviourOf: (choice: string) => Behaviour): {
  device: WebGpuBackend;
  buffers: Set<DeviceBuffer>;
  launches: Map<string, number>;
} {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const tuning = new Tuning(info);
  const buffers = new Set<DeviceBuffer>();
  const launches = new Map<string, number>();
  let latest = '';
  const launch = (choice: string): void => {
    const count = launches.get(choice) ?? 0;
    launches.set(choice, count + 1);
    latest = choice;
    now += behaviourOf(choice).milliseconds(count);
  };
  const device: Pick<
    WebGpuBackend,
    'tuning' | 'allocate' | 'release' | 'write' | 'read' | 'run' | 'record' | 'synchronize' | 'stats'
  > = {
    tuning,
    allocate: (dtype, length) => {
      const buffer = { dtype, length };
      buffers.add(buffer);
      return buffer;
    },
    release: (buffer) => void buffers.delete(buffer),
    write: () => undefined,
    read: (_, __, length) => Promise.resolve(new Float32Array(length).fill(behaviourOf(latest).result ?? 1)),
    run: (kernel, _, params, variant) => {
      if (!isTuned(kernel)) throw new Error(`${kernel} has no choices`);
      const choice: Choice = tuning.choose(kernel, params as Params<typeof kernel>, variant ?? {});
      launch(choiceText(choice));
    },
    record: (body) => {
      body();
      const choice = latest;
      const recording: Recording = {
        launches: 1,
        written: [],
        survivors: () => [],
        replay: () => launch(choice),
        dispose: () => undefined,
      };
      return recording;
    },
    synchronize: () => Promise.resolve(),
    stats: emptyStats,
  };
  return { device: device as WebGpuBackend, buffers, launches };
}

/** A product whose weights are transposed, as in a dense layer. */
export const product: Params<'matmul'> = {
  m: 100,
  n: 200,
  k: 784,
  batch: 1,
  chunk: 784,
  aOffset: 0,
  aBatchStride: 0,
  aRowStride: 784,
  aColumnStride: 1,
  bOffset: 0,
  bBatchStride: 0,
  bRowStride: 1,
  bColumnStride: 784,
  biasOffset: 0,
  outOffset: 0,
};
