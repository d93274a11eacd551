import type { TestContext } from 'vitest';
import { AdapterError, type Backend, open } from '../src/index.ts';

let opened: Promise<Backend | AdapterError> | undefined;

/**
 * The WebGPU device, opened once a process. Without an adapter the test is skipped, and a line says so; where one is
 * required (WGRAD_REQUIRE_ADAPTER=1) it fails.
 *
 * Tests that call this live in files named *.gpu.test.ts.
 */
export async function webgpuOrSkip(context: Pick<TestContext, 'skip'>): Promise<Backend> {
  const device = await openWebGpu();
  if (device instanceof AdapterError) return context.skip(`no WebGPU adapter: ${device.message}`);
  return device;
}

/** The WebGPU device, or why there is none; throws where one is required. */
export function openWebGpu(): Promise<Backend | AdapterError> {
  opened ??= open('webgpu').catch((error: unknown) => {
    const required = process.env.WGRAD_REQUIRE_ADAPTER === '1';
    if (!(error instanceof AdapterError) || required) throw error;
    console.warn(`WebGPU tests are skipped: ${error.message}`);
    return error;
  });
  return opened;
}
