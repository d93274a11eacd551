import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { moduleDifferences, moduleFixtures } from './modules.ts';

for (const fixture of moduleFixtures) {
  test(`${fixture.name} is as in PyTorch on WebGPU`, async (context) => {
    expect(await moduleDifferences(fixture, await webgpuOrSkip(context))).toEqual([]);
  });
}
