import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { create } from 'webgpu';
import { AdapterError } from '../errors.ts';
import type { OpenedGpu } from '../platform.ts';
import { explainMissingAdapter } from './drivers.ts';
import { napping } from './napping.ts';

/** Paths of software Vulkan drivers that the loader does not search. */
export const SOFTWARE_DRIVERS: readonly string[] = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
];

/** By default Dawn rounds timestamps to 65 µs, which is longer than most kernels take. */
const DAWN: readonly string[] = ['disable-dawn-features=timestamp_quantization'];

/** The software driver that an earlier search in this process has put into VK_DRIVER_FILES. */
let found: string | undefined;

/**
 * Starts Dawn. If the system's Vulkan loader has no driver that Dawn accepts, this uses a software driver from a known
 * path, and the note says so. `WGRAD_SOFTWARE_DRIVER=none` turns the search off; a path there replaces the known paths.
 * If VK_DRIVER_FILES is set, there is no search.
 *
 * @throws AdapterError with what was found, and the remedy
 */
export async function openDawn(filter?: string): Promise<OpenedGpu> {
  // Without it Mesa writes warnings to stderr.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const own = await requestFrom(filter);
  if (own) return found !== undefined && process.env.VK_DRIVER_FILES === found ? withNote(own, found) : own;
  const driver = softwareDriver();
  if (driver !== undefined) {
    process.env.VK_DRIVER_FILES = driver;
    const opened = await requestFrom(filter);
    if (opened) {
      found = driver;
      return withNote(opened, driver);
    }
    delete process.env.VK_DRIVER_FILES;
  }
  throw new AdapterError(explainMissingAdapter());
}

function withNote(opened: OpenedGpu, driver: string): OpenedGpu {
  return { ...opened, note: `software driver found at ${driver}` };
}

async function requestFrom(filter?: string): Promise<OpenedGpu | undefined> {
  const gpu = create([...DAWN, ...(filter ? [`adapter=${filter}`] : [])]);
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter ? { gpu, adapter, wait: napping } : undefined;
  } catch (error) {
    // Dawn lists its adapters if none matches the filter.
    const [, available] = /Available adapters:\s*([^]*)/.exec(String(error)) ?? [];
    if (!filter || !available?.trim()) return undefined;
    throw new AdapterError(
      `No adapter's name contains '${filter}'. This machine has:\n${available.trimEnd()}`,
    );
  }
}

function softwareDriver(): string | undefined {
  const wish = process.env.WGRAD_SOFTWARE_DRIVER;
  if (wish === 'none' || process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return undefined;
  if (!wish) return SOFTWARE_DRIVERS.find((path) => existsSync(path));
  if (existsSync(wish)) return wish;
  throw new AdapterError(
    `WGRAD_SOFTWARE_DRIVER is ${wish}, which does not exist: name a driver's .json file, or none to use no such driver.`,
  );
}
