import { expect, test } from 'vitest';
import { profile } from '../../src/diagnostics/index.ts';
import { init, KernelError, ones, open } from '../../src/index.ts';

test('tells what launches compute and move, and when', async () => {
  const device = await init('cpu');
  const x = ones([3, 4]);
  const profiler = profile();
  const began = performance.now();
  const y = x.matmul(ones([4, 5])).exp();
  const { launches, onHost, host, clockError } = await profiler.stop();
  expect({ onHost, host, clockError }).toEqual({ onHost: true, host: [], clockError: 0 });
  expect(launches.map(({ kernel, shape, flops, bytes }) => [kernel, shape, flops, bytes])).toEqual([
    ['fill', '20', 0, 80],
    ['matmul', '3×5×4', 120, 188],
    ['unary', '15', 15, 120],
  ]);
  for (const { start, milliseconds } of launches) {
    expect(start).toBeGreaterThanOrEqual(began);
    expect(milliseconds).toBeGreaterThanOrEqual(0);
  }
  expect(launches[1]!.variant).toBe('SIMD');
  // What is launched later is no part of it.
  y.add(1);
  expect(launches).toHaveLength(3);
  device.destroy();
});

test('of a device that is named, and one at a time', async () => {
  const device = await open('cpu');
  const profiler = profile(device);
  expect(() => profile(device)).toThrow(KernelError);
  ones([2], { device });
  expect((await profiler.stop()).launches.map(({ kernel }) => kernel)).toEqual(['fill']);
  expect((await profile(device).stop()).launches).toEqual([]);
  device.destroy();
});

test('ends once: who asks again gets the same, and the next profile is its own', async () => {
  const device = await open('cpu');
  const first = profile(device);
  ones([2], { device });
  const ended = await first.stop();
  const second = profile(device);
  ones([2], { device });
  expect((await first.stop()).launches).toEqual(ended.launches);
  expect(() => profile(device)).toThrow(KernelError);
  ones([3], { device });
  ones([4], { device });
  expect((await second.stop()).launches).toHaveLength(3);
  device.destroy();
});

test("a device's own method says what to call", async () => {
  const device = await open('cpu');
  for (const clocks of [undefined, {}, { onHost: 1 }] as never[]) {
    expect(() => device.profile(clocks)).toThrow("call profile(device) of 'wgrad/diagnostics'");
  }
  expect((await profile(device).stop()).launches).toEqual([]);
  device.destroy();
});
