import { describe, expect, test, vi } from 'vitest';
import type * as Geometry from '../../src/backend/webgpu/geometry.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { TRAINING_BOUND, trainingErrors, trainingRuns } from '../parity/training.ts';
import { deviation, DEVIATION_BOUND, openReference } from './check.ts';
import { table } from './table.ts';

/**
 * Kernels that take "a grid of any size" walk over what is left. Two invocations here, so that every one of them walks,
 * which small inputs would not make it do.
 */
vi.mock('../../src/backend/webgpu/geometry.ts', async (importOriginal) => {
  const { kernelSource } = await import('../../src/backend/sources.ts');
  const original = await importOriginal<typeof Geometry>();
  const walking = Object.keys(original.geometries).filter((name) =>
    kernelSource(name).includes('// Launch     a grid of any size in x'),
  );
  const smallest = walking.map((name) => [
    name,
    () => ({ settings: { WORKGROUP: 2 }, workgroups: [1, 1, 1] }),
  ]);
  return { ...original, geometries: { ...original.geometries, ...(Object.fromEntries(smallest) as object) } };
});

const cpu = await openReference();

describe('on a grid of two invocations', () => {
  for (const [name, { cases, looser }] of Object.entries(table)) {
    test(`${name} agrees with the CPU`, { timeout: 120_000 }, async (context) => {
      const webgpu = await webgpuOrSkip(context);
      for (const each of cases) {
        expect(await deviation(each, cpu, webgpu), each.name).toBeLessThanOrEqual(
          DEVIATION_BOUND * (looser?.factor ?? 1),
        );
      }
    });
  }

  for (const run of trainingRuns) {
    test(`${run.name} trains as PyTorch does`, { timeout: 120_000 }, async (context) => {
      const { losses, weights } = await trainingErrors(run, await webgpuOrSkip(context));
      expect(Math.max(losses, weights)).toBeLessThanOrEqual(TRAINING_BOUND);
    });
  }
});
