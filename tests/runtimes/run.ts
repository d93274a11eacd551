import { open } from '../../src/index.ts';
import { setDefaultDevice } from '../../src/tensor/device.ts';
import { runtimeCases } from './cases.ts';

/** What the cases gave in a runtime. */
export interface CaseResults {
  /** The backend's own description. */
  readonly device: string;
  readonly passed: number;
  /** The name of each case that failed, with what was wrong. */
  readonly failed: readonly string[];
}

/**
 * Runs every n-th case on a device of this runtime.
 *
 * @param every 1 runs all
 */
export async function runCases(kind: 'cpu' | 'webgpu', every: number): Promise<CaseResults> {
  const device = await open(kind);
  const failed: string[] = [];
  let passed = 0;
  for (const [index, { name, check }] of (await runtimeCases()).entries()) {
    if (index % every !== 0) continue;
    setDefaultDevice(undefined);
    const found = await check(device).catch((error: unknown) => [String(error)]);
    if (found.length === 0) passed++;
    else failed.push(`${name}: ${found.slice(0, 3).join('; ')}`);
  }
  return { device: device.description, passed, failed };
}
