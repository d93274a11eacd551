import { describe, expect, test } from 'vitest';
import { avgPool2d, binaryCrossEntropyWithLogits, rand, type Tensor } from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

const numbers = (shape: number[]): Tensor => rand(shape).sub(0.5);

/** The gradient of x. */
function gradientOf(x: Tensor, run: (x: Tensor) => Tensor): Tensor {
  const leaf = x.detach().clone();
  leaf.requiresGrad = true;
  const out = run(leaf);
  out.backward(numbers([...out.shape]));
  return leaf.grad!.clone();
}

describe.each([
  ['a vector', [5003], 0],
  ['rows', [41, 37], 1],
  ['columns', [301, 260], 0],
  ['the middle axis', [3, 70, 515], 1],
] as const)('of %s', (_, shape, dim) => {
  test('running sums, products and their gradients are in float64, and rounded once', async () => {
    for (const run of [
      (x: Tensor) => x.cumsum(dim),
      (x: Tensor) => x.add(0.9).cumprod(dim),
      (x: Tensor) => x.flip(dim).cumsum(dim),
    ]) {
      await expectAlike(() => run(numbers([...shape])), 0);
    }
    await expectAlike(() => gradientOf(numbers([...shape]), (x) => x.cumsum(dim)), 0);
  });
});

test.each([
  ['2 × 2', { kernelSize: 2 }],
  ['with padding that counts', { kernelSize: 3, stride: 2, padding: 1 }],
  ['with padding that does not', { kernelSize: 3, padding: 1, countIncludePad: false }],
  ['in ceil mode', { kernelSize: [2, 5], stride: 3, padding: [0, 2], ceilMode: true }],
  ['with a divisor', { kernelSize: 2, divisorOverride: 0.3 }],
] as const)('averages of windows, %s, are in float64, and rounded once', async (_, options) => {
  const run = (x: Tensor): Tensor => avgPool2d(x, options);
  const images = (): Tensor => numbers([31, 3, 13, 22]);
  await expectAlike(() => run(images()), 0);
  await expectAlike(() => gradientOf(images(), run), 0);
});

test('adaptive averages', async () => {
  const run = (x: Tensor): Tensor => x.adaptiveAvgPool2d([5, 3]);
  await expectAlike(() => run(numbers([31, 3, 13, 22])), 0);
  await expectAlike(() => gradientOf(numbers([31, 3, 13, 22]), run), 0);
});

test.each([
  ['gelu', (x: Tensor) => x.gelu()],
  ['gelu by tanh', (x: Tensor) => x.gelu('tanh')],
  ['silu', (x: Tensor) => x.silu()],
  ['leakyRelu', (x: Tensor) => x.leakyRelu(0.2)],
] as const)('the gradient of %s is that of the reference, also of tails', async (_, run) => {
  for (const scale of [1, 4, 12]) {
    const body = (): Tensor => gradientOf(numbers([2003]).mul(2 * scale), run);
    const expected = await on(reference, body);
    for (const [one] of builds) {
      const found = await on(one, body);
      const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
      expect(worst).toBeLessThanOrEqual(1e-6);
    }
  }
});

test('binary cross-entropy in one pass is the sum of both terms', async () => {
  for (const [device] of [[reference] as const, ...builds]) {
    const inputs = (): [Tensor, Tensor] => [numbers([2003]).mul(60), rand([2003])];
    const found = await on(device, () => binaryCrossEntropyWithLogits(...inputs(), { reduction: 'none' }));
    const terms = await on(device, () => {
      const [x, y] = inputs();
      const positive = y.mul(x.neg().softplus(1, Infinity));
      return positive.add(y.neg().add(1).mul(x.softplus(1, Infinity)));
    });
    const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - terms[at]!)), 0);
    // The reference rounds once, and the terms one after the other.
    expect(worst).toBeLessThanOrEqual(device === reference ? 4e-6 : 0);
  }
});
