import { describe, expect, test } from 'vitest';
import { crossEntropy, tensor, zeros } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { crossEntropySuite } from './crossEntropySuite.ts';

describe('crossEntropy on WebGPU', () => crossEntropySuite(webgpuOrSkip));

test.for([0, 63, 64, 127])(
  'a label out of range in row %i of 128 makes the loss NaN',
  async (row, context) => {
    const device = await webgpuOrSkip(context);
    for (const label of [-1, 10]) {
      const labels = Int32Array.from({ length: 128 }, (_, at) => (at === row ? label : 1));
      for (const reduction of ['sum', 'mean'] as const) {
        const loss = crossEntropy(zeros([128, 10], { device }), tensor(labels, { device }), { reduction });
        expect(await loss.item()).toBeNaN();
      }
    }
  },
);
