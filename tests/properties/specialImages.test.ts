import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { deviation } from './special.ts';
import { names, results } from './specialImages.ts';

const reference = await open('cpu', { reference: true });
const cpu = await open('cpu');

test.each(names)('convolution, %s: NaN and infinities at every position, in WebAssembly', async (name) => {
  expect(deviation(await results(name, cpu), await results(name, reference))).toBeLessThan(2e-6);
});
