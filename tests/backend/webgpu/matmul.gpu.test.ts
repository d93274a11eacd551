import { describe, expect, it } from 'vitest';
import { open, rand } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';

describe('matmul beyond 65,535 workgroups in one direction', () => {
  it('many rows, and many batches, fold into the third', async (context) => {
    const device = await webgpuOrSkip(context);
    const cpu = await open('cpu');
    const cases = [
      [
        [2_200_000, 2],
        [2, 3],
      ],
      [
        [70_000, 2, 3],
        [70_000, 3, 2],
      ],
    ] as const;
    for (const [aShape, bShape] of cases) {
      using a = rand(aShape, { seed: 1, stream: 1, device });
      using b = rand(bShape, { seed: 1, stream: 2, device });
      const product = await a.matmul(b).data();
      const expected = await (await a.toDevice(cpu)).matmul(await b.toDevice(cpu)).data();
      let worst = 0;
      for (let i = 0; i < product.length; i++) worst = Math.max(worst, Math.abs(product[i]! - expected[i]!));
      expect(worst).toBeLessThan(1e-6);
    }
  });
});
