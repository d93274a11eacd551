import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { lossFixtures } from './losses.ts';
import { differences, orders } from './operations.ts';

const cpu = await open('cpu');

describe.each(orders)('with %s inputs', (order) => {
  test.each(lossFixtures)('$name is as in PyTorch on the CPU', async (fixture) => {
    expect(await differences(fixture, cpu, order)).toEqual([]);
  });
});
