import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { moduleDifferences, moduleFixtures } from './modules.ts';

const cpu = await open('cpu');

test.each(moduleFixtures)('$name is as in PyTorch on the CPU', async (fixture) => {
  expect(await moduleDifferences(fixture, cpu)).toEqual([]);
});
