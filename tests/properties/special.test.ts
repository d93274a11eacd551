import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { deviation, names, results } from './special.ts';

const reference = await open('cpu', { reference: true });
const cpu = await open('cpu');

test.each(names)('%s: NaN and infinities at every position, in WebAssembly', async (name) => {
  expect(deviation(await results(name, cpu), await results(name, reference))).toBeLessThan(2e-6);
});
