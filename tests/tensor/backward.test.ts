import { expect, test } from 'vitest';
import {
  capture,
  grad,
  GradientError,
  nn,
  noGrad,
  open,
  optim,
  scope,
  setDefaultDevice,
  tensor,
  type Tensor,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });
const read = async (x: Tensor | null): Promise<number[]> => Array.from(await x!.data());

test('leaves accumulate gradients until they are cleared', async () => {
  const x = leaf(1, 2);
  x.square().sum().backward();
  x.square().sum().backward();
  expect(await read(x.grad)).toEqual([4, 8]);
  x.zeroGrad();
  expect(x.grad).toBeNull();
  x.mul(3).sum().backward();
  expect(await read(x.grad)).toEqual([3, 3]);
});

test('a leaf used many times gets the sum', async () => {
  const x = leaf(2);
  x.mul(x).mul(x).add(x).sum().backward();
  expect(await read(x.grad)).toEqual([13]);
});

test('a gradient handed in is not changed by accumulation', async () => {
  const x = leaf(1, 2);
  const seed = tensor([5, 7]);
  x.add(0).backward(seed);
  x.add(0).backward(seed);
  expect(await read(x.grad)).toEqual([10, 14]);
  expect(await read(seed)).toEqual([5, 7]);
});

test("a leaf's own gradient can be the gradient handed in", async () => {
  const x = leaf(1, 2);
  x.backward(tensor([5, 7]));
  x.add(0).backward(x.grad);
  expect(await read(x.grad)).toEqual([10, 14]);
});

test('a gradient through a transposed view is contiguous, and later ones are added to it', async () => {
  const x = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { requiresGrad: true },
  );
  const factors = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const pull = (): void => x.t().mul(factors).sum().backward();
  pull();
  const handle = x.grad!;
  expect([handle.shape, handle.strides]).toEqual([
    [2, 3],
    [3, 1],
  ]);
  pull();
  expect(await read(handle)).toEqual([2, 6, 10, 4, 8, 12]);
});

test('two leaves that get one gradient accumulate apart', async () => {
  const [a, b] = [leaf(1), leaf(1)];
  a.add(b).sum().backward();
  a.mul(2).sum().backward();
  expect([await read(a.grad), await read(b.grad)]).toEqual([[3], [1]]);
});

test('a second backward needs retainGraph', async () => {
  const x = leaf(3);
  const y = x.square().sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  expect(await read(x.grad)).toEqual([12]);
  expect(() => y.backward()).toThrowErrorMatchingInlineSnapshot(
    `[GradientError: backward: the graph was freed by an earlier backward at 'sum'; pass { retainGraph: true } to it]`,
  );
});

test('createGraph lets gradients be differentiated again, and again', async () => {
  const x = leaf(2);
  let derivative: Tensor = x.pow(4).sum();
  const found: number[] = [];
  for (let order = 1; order <= 4; order++) {
    [derivative] = grad(derivative, [x], { createGraph: true });
    found.push(await derivative.item());
    derivative = derivative.sum();
  }
  expect(found.map(Math.round)).toEqual([32, 48, 48, 24]);
  expect(x.grad).toBeNull();
});

test('backward with createGraph leaves a differentiable gradient', async () => {
  const x = leaf(2);
  x.pow(3).sum().backward(undefined, { createGraph: true });
  const first = x.grad!;
  expect(first.requiresGrad).toBe(true);
  const [second] = grad(first.sum(), [x]);
  expect(Math.round((await read(second))[0]!)).toBe(12);
});

test('grad gives null for unused inputs when allowed, and an error when not', () => {
  const [a, b] = [leaf(1), leaf(2)];
  expect(grad(a.square().sum(), [a, b], { allowUnused: true })[1]).toBeNull();
  expect(() => grad(a.square().sum(), [a, b])).toThrow('no output depends on input 1');
  expect(() => grad(a.square().sum(), [tensor([1])])).toThrow(GradientError);
});

test('grad takes results of operations as inputs, and one input twice', async () => {
  const x = leaf(3);
  const hidden = x.square();
  const found = grad(hidden.square().sum(), [hidden, x, hidden]);
  expect(await Promise.all(found.map(read))).toEqual([[18], [108], [18]]);
});

test('grad does not spend the graph in front of its inputs', async () => {
  const x = leaf(3);
  const hidden = x.square();
  grad(hidden.exp().sum(), [hidden]);
  hidden.sum().backward();
  expect(await read(x.grad)).toEqual([6]);
});

test('grad of several outputs sums them, each with its own gradient', async () => {
  const x = leaf(1, 2);
  const [found] = grad([x.square(), x.mul(3)], [x], { gradOutputs: [tensor([1, 10]), tensor([100, 1000])] });
  expect(await read(found)).toEqual([302, 3040]);
});

test('noGrad records nothing', () => {
  const x = leaf(1);
  const y = noGrad(() => x.square());
  expect(y.requiresGrad).toBe(false);
  expect(x.square().requiresGrad).toBe(true);
  expect(() => y.sum().backward()).toThrow('needs no gradient');
});

test('noGrad ends when its body throws', () => {
  expect(() =>
    noGrad(() => {
      throw new Error('within');
    }),
  ).toThrow('within');
  expect(leaf(1).square().requiresGrad).toBe(true);
});

test('results without one element need a gradient of their shape', () => {
  const x = leaf(1, 2);
  expect(() => x.square().backward()).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: backward: the gradient has another shape or dtype
      takes  a gradient like the output, float32[2] (optional only for one element)
      got    none]
  `);
  expect(() => x.square().backward(tensor([1]))).toThrow('got    float32[1]');
});

test('a chain of 20,000 operations goes backward, and is freed, without overflowing the stack', async () => {
  const x = leaf(1);
  const { buffersAlive } = cpu.stats();
  const loss = scope(() => {
    let y = x.add(0);
    for (let i = 0; i < 20_000; i++) y = i % 2 === 0 ? y.mul(1.5) : y.div(1.5);
    return y.sum();
  });
  loss.backward();
  expect((await read(x.grad))[0]).toBeCloseTo(1, 4);
  loss.dispose();
  x.zeroGrad();
  expect(cpu.stats().buffersAlive - buffersAlive).toBeLessThanOrEqual(2); // the scalars 0 and 1.5 are kept
});

test('a gradient that is held over the next backward leaves nothing when it is freed', () => {
  const x = new nn.Parameter(tensor([1, 2, 3]));
  const optimizer = new optim.SGD([x], { lr: 0 });
  const alive: number[] = [];
  for (let step = 0; step < 6; step++) {
    scope(() => x.square().sum().backward());
    const held = x.grad!;
    optimizer.step();
    optimizer.zeroGrad();
    scope(() => x.square().sum().backward());
    held.dispose();
    optimizer.zeroGrad();
    alive.push(cpu.stats().buffersAlive);
  }
  expect(alive).toEqual(Array(6).fill(alive[0]));
});

test('a long chain is freed without backward, too', () => {
  const x = leaf(1);
  const end = scope(() => {
    let y = x.add(0);
    for (let i = 0; i < 20_000; i++) y = y.exp();
    return y;
  });
  const { buffersAlive } = cpu.stats();
  expect(buffersAlive).toBeGreaterThan(20_000);
  end.dispose();
  expect(cpu.stats().buffersAlive).toBe(buffersAlive - 20_000);
});

test('a change in place of what backward needs is an error', () => {
  const x = leaf(1, 2);
  const y = x.square().sum();
  x.storage.version++; // as optimizers and loadStateDict do
  expect(() => y.backward()).toThrowErrorMatchingInlineSnapshot(
    `[GradientError: backward: a tensor that 'square' needs was changed in place (by an optimizer step, loadStateDict or batchNorm in training) after it was used; run forward again]`,
  );
});

test('only floating leaves can require gradients', () => {
  const whole = tensor([1], { dtype: 'int32' });
  expect(() => (whole.requiresGrad = true)).toThrow('takes floating tensors, got int32[1]');
  const y = leaf(1).square();
  expect(() => (y.requiresGrad = false)).toThrow('use detach()');
  expect(y.isLeaf).toBe(false);
  expect(y.detach().isLeaf).toBe(true);
});

test('a gradient that is set is a copy, to which backward adds and which optimizers take', async () => {
  const x = leaf(1, 2);
  const sgd = new optim.SGD([x], { lr: 1 });
  const given = tensor([
    [1, 0],
    [5, 7],
  ])
    .t()
    .slice([1, 2])
    .reshape([2]);
  x.grad = given;
  x.mul(2).sum().backward();
  expect(await read(x.grad)).toEqual([2, 9]);
  expect(await read(given)).toEqual([0, 7]);
  sgd.step();
  expect(await read(x)).toEqual([-1, -7]);
  x.grad = x.grad.mul(10);
  expect(await read(x.grad)).toEqual([20, 90]);
  x.grad = null;
  expect(x.grad).toBeNull();
});

test('a gradient that a captured step sets', async () => {
  const x = leaf(1, 2);
  const sgd = new optim.SGD([x], { lr: 1 });
  const step = capture((gradient: Tensor) => {
    x.grad = gradient.mul(2);
    sgd.step();
  });
  for (const value of [1, 2, 3]) step(tensor([value, 0]));
  expect(await read(x)).toEqual([-11, 2]);
  expect(await read(x.grad)).toEqual([6, 0]);
});

test('a gradient that is set keeps its history', async () => {
  const [x, factor] = [leaf(1), leaf(3)];
  x.grad = factor.square();
  x.grad.sum().backward();
  expect(await read(factor.grad)).toEqual([6]);
});

test('gradients that do not fit cannot be set', () => {
  const x = leaf(1, 2);
  x.grad = tensor([3, 4]);
  for (const [wrong, message] of [
    [tensor([1]), 'grad: the gradient has another shape or dtype'],
    [tensor([1, 2], { dtype: 'int32' }), 'grad: the gradient has another shape or dtype'],
    [3 as unknown as Tensor, 'grad: not a tensor'],
  ] as const) {
    expect(() => (x.grad = wrong)).toThrow(message);
  }
  expect(x.grad).not.toBeNull();
  const result = x.mul(2);
  expect(() => (result.grad = tensor([1, 2]))).toThrow(GradientError);
  expect(() => (tensor([1, 2]).grad = tensor([1, 2]))).toThrow(GradientError);
});
