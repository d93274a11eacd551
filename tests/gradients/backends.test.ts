import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { deviation, DEVIATION_BOUND, evaluate, evaluatePlaced, openReference, sameBits } from './check.ts';
import { table } from './table.ts';

const reference = await openReference();
const cpu = await open('cpu');

for (const [name, { cases, looser }] of Object.entries(table)) {
  describe(name, () => {
    test.each(cases)(
      '$name: WebAssembly agrees with the reference, and in the middle of buffers with itself',
      async (each) => {
        expect(await deviation(each, reference, cpu)).toBeLessThanOrEqual(
          DEVIATION_BOUND * (looser?.factor ?? 1),
        );
      },
    );
    test.each(cases)('$name: the reference agrees with itself in the middle of buffers', async (each) => {
      const [whole, middle] = [
        await evaluate(each, reference, 'float64'),
        await evaluatePlaced(each, reference, 'float64'),
      ];
      expect(sameBits(whole, middle)).toBe(true);
    });
  });
}
