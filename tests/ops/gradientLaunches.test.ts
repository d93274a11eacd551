import { expect, test } from 'vitest';
import { profile } from '../../src/diagnostics/index.ts';
import { init, ones, rand, type Tensor } from '../../src/index.ts';

await init('cpu');

/** The kernels that a gradient takes. */
async function kernelsOf(operation: (x: Tensor) => Tensor): Promise<string[]> {
  const x = rand([10], { requiresGrad: true });
  const y = operation(x);
  const seed = ones(10);
  const profiler = profile();
  y.backward(seed);
  const { launches } = await profiler.stop();
  // The seed is copied, because it is the caller's.
  return launches.map(({ kernel }) => kernel).filter((kernel) => kernel !== 'copy');
}

test.each([
  ['leakyRelu', (x: Tensor) => x.leakyRelu(0.2), ['binary']],
  ['gelu', (x: Tensor) => x.gelu(), ['binary']],
  ['gelu by tanh', (x: Tensor) => x.gelu('tanh'), ['binary']],
  ['silu', (x: Tensor) => x.silu(), ['binary']],
  ['softplus', (x: Tensor) => x.softplus(), ['unary', 'binary', 'compare', 'where']],
  ['softplus without a threshold', (x: Tensor) => x.softplus(1, Infinity), ['unary', 'binary']],
] as const)('the gradient of %s takes few launches', async (_, operation, kernels) => {
  expect((await kernelsOf(operation)).sort()).toEqual([...kernels].sort());
});
