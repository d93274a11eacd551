import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { twoDevicesSuite } from './twoDevicesSuite.ts';

const here = await open('cpu');

describe('two CPU devices', () => {
  twoDevicesSuite(async () => ({ here, other: await open('cpu') }));
});
