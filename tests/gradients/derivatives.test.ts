import { describe, expect, test } from 'vitest';
import { DERIVATIVE_BOUND, derivativeErrors, evaluate, hasDerivatives, openReference } from './check.ts';
import { table } from './table.ts';

const cpu = await openReference();

for (const [name, row] of Object.entries(table)) {
  describe(name, () => {
    for (const each of row.cases) {
      if (hasDerivatives(row, each)) {
        test(`${each.name}: first and second derivatives agree with central differences`, async () => {
          const { first, second } = await derivativeErrors(each, cpu);
          expect(first).toBeLessThanOrEqual(DERIVATIVE_BOUND);
          expect(second).toBeLessThanOrEqual(DERIVATIVE_BOUND);
        });
      } else if (!row.differentiable) {
        test(`${each.name}: no gradient`, async () => {
          expect((await evaluate(each, cpu, 'float64')).gradients).toEqual([]);
        });
      }
    }
  });
}
