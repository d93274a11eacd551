import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { deviation } from './special.ts';
import { names, results } from './specialImages.ts';

const reference = await open('cpu', { reference: true });

test.for(names)(
  'convolution, %s: NaN and infinities at every position, on the GPU',
  async (name, context) => {
    const device = await webgpuOrSkip(context);
    expect(deviation(await results(name, device), await results(name, reference))).toBeLessThan(5e-6);
  },
);
