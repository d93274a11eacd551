import { describe, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { lossFixtures } from './losses.ts';
import { differences } from './operations.ts';

describe.each(['contiguous', 'strided'] as const)('with %s inputs', (order) => {
  for (const fixture of lossFixtures) {
    test(`${fixture.name} is as in PyTorch on WebGPU`, async (context) => {
      expect(await differences(fixture, await webgpuOrSkip(context), order)).toEqual([]);
    });
  }
});
