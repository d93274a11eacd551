import { describe, expect, it } from 'vitest';
import { judge } from '../../bench/verdict.ts';
import { training, WORKLOADS } from '../../bench/workloads.ts';

const product = WORKLOADS.find(({ kind }) => kind === 'matmul')!;
const losses = [2.3, 2.2, 2.1, 2.0];

describe('the verdict on losses', () => {
  it('accepts those that fall alike, and fewer of them', () => {
    expect(judge(training('mlp'), [2.3, 2.2005, 2.1], losses).same).toBe(true);
  });

  it.each([
    ['do not fall', [2.3, 2.3, 2.3, 2.3], 'does not fall'],
    ['rise', [2.3, 2.4, 2.5, 2.6], 'does not fall'],
    ['are NaN', [2.3, NaN, NaN, NaN], 'does not fall'],
    // As with nine tenths of the learning rate.
    ['fall more slowly', [2.3, 2.21, 2.12, 2.03], 'is 2.0300, not 2.0000'],
    ['are too few', [2.3], 'too few'],
  ])('refuses those that %s', (_, values, reason) => {
    const verdict = judge(training('mlp'), values, losses);
    expect(verdict.same).toBe(false);
    expect(verdict.reason).toContain(reason);
  });
});

describe('the verdict on results', () => {
  it('accepts what differs by rounding', () => {
    expect(judge(product, [100.00001, -2], [100, -2])).toMatchObject({ same: true });
  });

  it.each([
    ['another element', [100, -3]],
    ['NaN', [NaN, -2]],
    ['another size', [100]],
  ])('refuses %s', (_, values) => {
    expect(judge(product, values, [100, -2]).same).toBe(false);
  });
});
