import { onTestFinished, type TestContext } from 'vitest';
import type { Backend, DeviceBuffer } from '../../../src/backend/backend.ts';
import { openDevice, type OpenedDevice } from '../../../src/backend/webgpu/adapter.ts';
import { WebGpuBackend, type WebGpuOptions } from '../../../src/backend/webgpu/webgpu.ts';
import { webgpuOrSkip } from '../../adapter.ts';

/** A device of the test's own, destroyed after it, with the WebGPU device beneath; skips without an adapter. */
export async function openOwn(
  context: Pick<TestContext, 'skip'>,
  options: WebGpuOptions = {},
): Promise<{ backend: WebGpuBackend; device: GPUDevice }> {
  await webgpuOrSkip(context);
  const opened = await openDevice();
  const backend = new WebGpuBackend(opened, options);
  onTestFinished(() => backend.destroy());
  return { backend, device: opened.device };
}

/** A device that takes the kernels for any device, as one without subgroups does; destroyed after the test. */
export async function openWithoutSubgroups(context: Pick<TestContext, 'skip'>): Promise<Backend> {
  return openAs(context, { subgroupMinSize: 0 });
}

/** A device that takes the kernels and the geometry for GPUs, whatever its driver; destroyed after the test. */
export async function openAsGpu(context: Pick<TestContext, 'skip'>): Promise<Backend> {
  return openAs(context, { software: false });
}

/** A device without optional features, such as float16; destroyed after the test. */
export async function openWithoutFeatures(context: Pick<TestContext, 'skip'>): Promise<Backend> {
  await webgpuOrSkip(context);
  const opened = await openDevice();
  Object.defineProperty(opened.device, 'features', { value: new Set() });
  const backend = new WebGpuBackend({ ...opened, info: { ...opened.info, subgroupMinSize: 0 } });
  onTestFinished(() => backend.destroy());
  return backend;
}

/** A device that takes the kernels for an adapter with other properties; destroyed after the test. */
export async function openAs(
  context: Pick<TestContext, 'skip'>,
  info: OpenedDevice['info'],
  options: WebGpuOptions = {},
): Promise<Backend> {
  await webgpuOrSkip(context);
  const opened = await openDevice();
  const backend = new WebGpuBackend({ ...opened, info: { ...opened.info, ...info } }, options);
  onTestFinished(() => backend.destroy());
  return backend;
}

/** A float32 buffer of the given values. */
export function upload(backend: Backend, values: readonly number[]): DeviceBuffer {
  const buffer = backend.allocate('float32', values.length);
  backend.write(buffer, Float32Array.from(values));
  return buffer;
}

/** Fills a buffer with one value by a launch. */
export function fill(backend: Backend, out: DeviceBuffer, value: number): void {
  backend.run('fill', { out }, { size: out.length, value }, { Element: 'f32' });
}

/** x + y by a launch, all three of one length. */
export function add(backend: Backend, a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer): void {
  const strides = [0, 0, 0, 1] as const;
  backend.run(
    'binary',
    { a, b, out },
    {
      size: out.length,
      aOffset: 0,
      bOffset: 0,
      alpha: 0,
      shape: [1, 1, 1, out.length],
      aStrides: strides,
      bStrides: strides,
    },
    { OPERATION: 0, RANK: 1, Element: 'f32', FLOATING: true },
  );
}

export async function values(backend: Backend, buffer: DeviceBuffer): Promise<number[]> {
  return Array.from(await backend.read(buffer, 0, buffer.length));
}
