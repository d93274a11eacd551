import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { differences, operationFixtures, orders } from './operations.ts';

const cpu = await open('cpu');

describe.each(orders)('with %s inputs', (order) => {
  test.each(operationFixtures)('$name is as in PyTorch on the CPU', async (fixture) => {
    expect(await differences(fixture, cpu, order)).toEqual([]);
  });
});
