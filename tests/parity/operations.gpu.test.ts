import { describe, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { differences, operationFixtures, orders } from './operations.ts';

describe.each(orders)('with %s inputs', (order) => {
  for (const fixture of operationFixtures) {
    test(`${fixture.name} is as in PyTorch on WebGPU`, async (context) => {
      expect(await differences(fixture, await webgpuOrSkip(context), order)).toEqual([]);
    });
  }
});
