import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { create } from 'webgpu';
import { AdapterError } from '../errors.ts';

/** WebGPU's entry point, and a note where a driver had to be looked for. */
export interface OpenedGpu {
  gpu: GPU;
  note?: string;
}

/** Where software Vulkan drivers lie that the loader does not look at by itself. */
export const SOFTWARE_DRIVERS: readonly string[] = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
];

/**
 * Starts Dawn. Where the system's Vulkan loader has no driver that Dawn takes, a software driver in a known place
 * is used, and the note says so; `WGRAD_SOFTWARE_DRIVER=none` turns that search off, and a path chooses one.
 */
export async function openDawn(filter?: string): Promise<OpenedGpu> {
  // Mesa complains on stderr without it.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const own = await dawnWithAdapter(filter);
  if (own) return { gpu: own };
  const driver = softwareDriver();
  if (driver) {
    process.env.VK_DRIVER_FILES = driver;
    const gpu = await dawnWithAdapter(filter);
    if (gpu) return { gpu, note: `software driver found at ${driver}` };
  }
  return { gpu: create([]) };
}

async function dawnWithAdapter(filter?: string): Promise<GPU | undefined> {
  const gpu = create(filter ? [`adapter=${filter}`] : []);
  try {
    return (await gpu.requestAdapter()) ? gpu : undefined;
  } catch (error) {
    // Dawn lists the adapters that it has when the filter fits none.
    const [, available] = /Available adapters:\s*([^]*)/.exec(String(error)) ?? [];
    if (!filter || !available?.trim()) return undefined;
    throw new AdapterError(
      `No adapter's name contains '${filter}'. This machine has:\n${available.trimEnd()}`,
    );
  }
}

function softwareDriver(): string | undefined {
  const wish = process.env.WGRAD_SOFTWARE_DRIVER;
  if (wish === 'none' || process.env.VK_DRIVER_FILES) return undefined;
  return wish ?? SOFTWARE_DRIVERS.find((path) => existsSync(path));
}
