import { describe, expect, test } from 'vitest';
import { cat, layerNorm, rand, type Tensor, tensor } from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

const numbers = (shape: number[]): Tensor => rand(shape).sub(0.5).mul(4);

describe.each([
  [3, 1],
  [5, 2],
  [40, 7],
  [700, 33],
  [9, 1030],
])('layer norm of %i rows of %i', (rows, length) => {
  test.each([
    ['with weight and bias', true, true],
    ['with weight', true, false],
    ['with bias', false, true],
    ['alone', false, false],
  ])('%s, and its gradients', async (_, weighted, biased) => {
    await expectAlike(() => {
      // Views in the middle of larger memory.
      const x = numbers([rows + 2, length])
        .slice([1, rows + 1])
        .add(30)
        .detach();
      x.requiresGrad = true;
      const [weight, bias] = [numbers([length]), numbers([length])];
      const used = [x, ...(weighted ? [weight] : []), ...(biased ? [bias] : [])];
      for (const each of used) each.requiresGrad = true;
      const y = layerNorm(x, length, weighted ? weight : null, biased ? bias : null);
      y.mul(numbers([rows, length]))
        .sum()
        .backward();
      return cat([y.detach(), ...used.map((each) => each.grad!)].map((each) => each.flatten()));
    }, 3e-5);
  });
});

test('layer norm of NaN and infinities is NaN in their rows alone', async () => {
  const body = (): Tensor => {
    const x = tensor([1, 2, 3, NaN, 5, 6, 7, 8, Infinity, 1, 2, 3], { shape: [4, 3] });
    return layerNorm(x, 3);
  };
  const expected = await on(reference, body);
  for (const [build] of builds) {
    const found = await on(build, body);
    expect(found.map(Number.isNaN)).toEqual(expected.map(Number.isNaN));
  }
});

/** Copies between all kinds of rows: adjacent, repeated, stepping, reversed; into adjacent and into stepping ones. */
const copies: Readonly<Record<string, () => Tensor>> = {
  'pairs of pixels': () => numbers([2, 3, 7, 1, 5, 1]).expand([2, 3, 7, 2, 5, 2]).reshape([2, 3, 14, 10]),
  'repeated rows': () => numbers([6, 1]).expand([6, 45]).contiguous(),
  'every third column': () => numbers([9, 100]).slice(null, [0, 100, 3]).contiguous(),
  reversed: () => numbers([9, 37]).flip(0, 1).contiguous(),
  'short rows': () => numbers([50, 9]).slice(null, [1, 6]).contiguous(),
  'long rows': () => numbers([3, 5000]).slice(null, [1, 4000]).contiguous(),
  'four axes': () => numbers([4, 6, 8, 10]).permute([3, 1, 0, 2]).contiguous(),
  'a transpose of many rows': () => numbers([41, 67]).t().contiguous(),
  'a transpose of three': () => numbers([3, 67]).t().contiguous(),
  'joined columns': () => cat([numbers([40, 3]), numbers([40, 1]), numbers([40, 6])], 1),
  integers: () => numbers([40, 3]).mul(100).to('int32').flip(1).contiguous(),
  'truth values': () => numbers([40, 3]).gt(0).flip(0).contiguous(),
};

test.each(Object.entries(copies))('a copy is exact: %s', async (_, body) => {
  await expectAlike(body, 0);
});
