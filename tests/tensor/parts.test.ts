import { describe, expect, it } from 'vitest';
import { init, tensor, type Tensor } from '../../src/index.ts';
import { profile } from '../../src/diagnostics/index.ts';

await init('cpu');

const x = (): Tensor => tensor([[1, 2, 3, 4], [5, 6, 7, 8]], { requiresGrad: true }); // prettier-ignore

/** The gradient of a sum of parts, each times a number of its own, and the kernels of backward. */
async function gradientOf(parts: (x: Tensor) => Tensor[]): Promise<{ values: unknown; kernels: string[] }> {
  const leaf = x();
  // Above a leaf, so that parts meet in a node too.
  const inner = leaf.mul(1);
  const [first, ...others] = parts(inner).map((part, index) => part.mul(index + 1).sum());
  const loss = others.reduce((sum, each) => sum.add(each), first!);
  const profiler = profile();
  loss.backward();
  const { launches } = await profiler.stop();
  return { values: await leaf.grad!.toArray(), kernels: launches.map(({ kernel }) => kernel) };
}

const count = (kernels: string[], name: string): number => kernels.filter((kernel) => kernel === name).length;

describe('the gradients of slices', () => {
  it('are copied to their places where they cover the tensor: nothing is filled or added', async () => {
    const { values, kernels } = await gradientOf((y) => [
      y.slice(null, [0, 1]),
      y.slice([0, 1], [1, null]),
      y.slice([1, 2], [1, null]),
    ]);
    expect(values).toEqual([
      [1, 2, 2, 2],
      [1, 3, 3, 3],
    ]);
    expect([count(kernels, 'copy'), count(kernels, 'fill')]).toEqual([3, 0]);
  });

  it('leave zeros between them', async () => {
    const { values, kernels } = await gradientOf((y) => [y.slice([0, 1], [0, 2]), y.slice([1, 2], [3, 4])]);
    expect(values).toEqual([
      [1, 1, 0, 0],
      [0, 0, 0, 2],
    ]);
    expect(count(kernels, 'fill')).toBe(1);
  });

  it('are added where they overlap', async () => {
    const { values } = await gradientOf((y) => [
      y.slice(null, [0, 3]),
      y.slice(null, [2, 4]),
      y.slice([0, 1]),
    ]);
    expect(values).toEqual([
      [4, 4, 6, 5],
      [1, 1, 3, 2],
    ]);
  });

  it('join those of the whole tensor, before and after them', async () => {
    const { values } = await gradientOf((y) => [y, y.slice(null, [1, 2]), y]);
    expect(values).toEqual([
      [4, 6, 4, 4],
      [4, 6, 4, 4],
    ]);
  });

  it('may step, be empty, or be recorded', async () => {
    const { values } = await gradientOf((y) => [y.slice(null, [0, 4, 2]), y.slice([0, 0]), y.slice([1, 2])]);
    expect(values).toEqual([
      [1, 0, 1, 0],
      [4, 3, 4, 3],
    ]);
    const leaf = x();
    leaf.slice([0, 1]).square().sum().backward({ createGraph: true });
    const first = leaf.grad!;
    expect(await first.toArray()).toEqual([
      [2, 4, 6, 8],
      [0, 0, 0, 0],
    ]);
    expect(first.requiresGrad).toBe(true);
  });

  it('reach a leaf that is only sliced', async () => {
    const leaf = x();
    leaf.slice([0, 1], [1, 3]).sum().backward();
    leaf.slice([0, 1], [1, 3]).sum().backward();
    expect(await leaf.grad!.toArray()).toEqual([
      [0, 2, 2, 0],
      [0, 0, 0, 0],
    ]);
  });
});
