import { AdapterError } from './errors.ts';
import type { OpenedGpu } from './platform.ts';

/**
 * Opens an adapter of `navigator.gpu`. Undefined if there is no such object; throws AdapterError if it has no adapter.
 */
export async function openNavigatorGpu(): Promise<OpenedGpu | undefined> {
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (!gpu) return undefined;
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new AdapterError('WebGPU offers no adapter here. device: cpu works everywhere.');
  return { gpu, adapter, wait: (promise) => promise };
}
