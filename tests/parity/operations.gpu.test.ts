import { describe, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { EVERY_CASE } from '../runtimes/share.ts';
import { differences, operationFixtures, orders } from './operations.ts';

describe.each(orders)('with %s inputs', (order) => {
  const first = orders.indexOf(order) % EVERY_CASE;
  for (const fixture of operationFixtures.filter((_, index) => index % EVERY_CASE === first)) {
    test(`${fixture.name} is as in PyTorch on WebGPU`, async (context) => {
      expect(await differences(fixture, await webgpuOrSkip(context), order)).toEqual([]);
    });
  }
});
