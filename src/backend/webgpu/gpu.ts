import { AdapterError } from '../errors.ts';
import type { OpenedGpu } from './dawn.ts';

/** An adapter of `navigator.gpu` in a browser, of Dawn in Node; throws AdapterError where there is none. */
export async function openGpu(filter?: string): Promise<OpenedGpu> {
  const browser = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (browser) {
    const adapter = await browser.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter)
      throw new AdapterError('This browser offers no WebGPU adapter. device: cpu works everywhere.');
    return { gpu: browser, adapter, wait: (promise) => promise };
  }
  try {
    const { openDawn } = await import('./dawn.ts');
    return await openDawn(filter);
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError(
      `Dawn, the npm package webgpu, does not start here: ${error instanceof Error ? error.message : String(error)}\n` +
        '`npm ci` installs it; it takes Linux, macOS or Windows on x64 or arm64. device: cpu works everywhere.',
    );
  }
}
