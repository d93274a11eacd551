import type { TestContext } from 'vitest';
import { AdapterError, type Backend, open } from '../src/index.ts';

let opened: Promise<Backend | AdapterError> | undefined;

/**
 * The WebGPU device, opened once a test file. Without an adapter the test is skipped, out loud; where one is
 * required (WGRAD_REQUIRE_ADAPTER=1, or CI) it fails.
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
    if (!(error instanceof AdapterError) || isRequired()) throw error;
    console.warn(`WebGPU tests are skipped: ${error.message}`);
    return error;
  });
  return opened;
}

function isRequired(): boolean {
  return process.env.WGRAD_REQUIRE_ADAPTER === '1' || Boolean(process.env.CI);
}
