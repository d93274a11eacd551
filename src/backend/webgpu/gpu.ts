import { AdapterError } from '../errors.ts';
import type { OpenedGpu } from './dawn.ts';

/** `navigator.gpu` in a browser, Dawn in Node. */
export async function openGpu(filter?: string): Promise<OpenedGpu> {
  const browser = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (browser) return { gpu: browser };
  const { openDawn } = await import('./dawn.ts');
  try {
    return await openDawn(filter);
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError(
      `Dawn, the npm package webgpu, does not start here: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
