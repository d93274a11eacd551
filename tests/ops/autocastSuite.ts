import { expect, it, type TestContext } from 'vitest';
import { halfValue, roundToHalf } from '../../src/backend/half.ts';
import {
  autocast,
  type Backend,
  conv2d,
  grad,
  matmul,
  nn,
  open,
  rand,
  tensor,
  Tensor,
} from '../../src/index.ts';

const { linear } = nn.functional;

/** float32 numbers of every size that float16 has, those halfway between two of them, and some beyond its range. */
function hardNumbers(): Float32Array {
  const halves = Array.from({ length: 0x7c00 }, (_, bits) => halfValue(bits));
  const middles = halves.slice(1).map((value, at) => (value + halves[at]!) / 2);
  const positive = [...halves, ...middles, ...middles.map((value) => value * (1 + 2 ** -20)), 65520, 1e20];
  return Float32Array.from([
    ...positive,
    ...positive.map((value) => -value),
    Infinity,
    -Infinity,
    NaN,
    1e-30,
  ]);
}

interface Case {
  name: string;
  shapes: readonly (readonly number[])[];
  run: (...operands: Tensor[]) => Tensor;
}

const cases: readonly Case[] = [
  {
    name: 'matmul',
    shapes: [
      [5, 7],
      [7, 3],
    ],
    run: matmul,
  },
  { name: 'matmul of a vector', shapes: [[7], [7, 3]], run: matmul },
  {
    name: 'matmul of transposed matrices',
    shapes: [
      [33, 37],
      [70, 33],
    ],
    run: (a, b) => matmul(a.t(), b.t()),
  },
  {
    name: 'matmul of batches',
    shapes: [
      [2, 3, 4, 5],
      [3, 5, 6],
    ],
    run: matmul,
  },
  {
    name: 'matmul of a slice',
    shapes: [
      [9, 8],
      [4, 5],
    ],
    run: (a, b) => matmul(a.slice([1, 8, 2], [2, 6]), b),
  },
  {
    name: 'matmul, a long sum',
    shapes: [
      [4, 2000],
      [2000, 5],
    ],
    run: matmul,
  },
  { name: 'linear', shapes: [[6, 20], [9, 20], [9]], run: (x, w, b) => linear(x, w, b) },
  {
    name: 'linear with relu',
    shapes: [[64, 20], [9, 20], [9]],
    run: (x, w, b) => linear(x, w, b, { activation: 'relu' }),
  },
  {
    name: 'conv2d',
    shapes: [[2, 3, 8, 7], [4, 3, 3, 3], [4]],
    run: (x, w, b) => conv2d(x, w, b, { padding: 1 }),
  },
  {
    name: 'conv2d, longer sums',
    shapes: [[2, 5, 6, 7], [4, 5, 3, 3], [4]],
    run: (x, w, b) => conv2d(x, w, b, { padding: 1 }),
  },
  {
    name: 'conv2d with relu, stride and groups',
    shapes: [[2, 4, 9, 9], [6, 2, 3, 3], [6]],
    run: (x, w, b) => conv2d(x, w, b, { stride: 2, groups: 2, activation: 'relu' }),
  },
  { name: 'conv2d, pointwise', shapes: [[2, 4, 5, 5], [3, 4, 1, 1], [3]], run: (x, w, b) => conv2d(x, w, b) },
];

/** The result, and the gradients of a weighted sum of it. */
async function evaluate(
  { run, shapes }: Case,
  device: Backend,
  dtype: 'float16' | 'float32',
): Promise<Float32Array[]> {
  const operands = shapes.map((shape, stream) => {
    const values = rand(shape, { device, seed: 3, stream }).sub(0.5);
    values.requiresGrad = true;
    return values;
  });
  const out = autocast(dtype, () => run(...operands));
  out.backward(rand(out.shape, { device, seed: 4, stream: 9 }).sub(0.3));
  const all = [out, ...operands.map((operand) => operand.grad!)];
  expect(all.every((each) => each.dtype === 'float32')).toBe(true);
  return (await Promise.all(all.map((each) => each.data()))) as Float32Array[];
}

function farthest(found: readonly Float32Array[], expected: readonly Float32Array[]): number {
  return Math.max(
    ...expected.map((values, index) =>
      values.reduce((most, value, at) => Math.max(most, Math.abs(found[index]![at]! - value)), 0),
    ),
  );
}

/** Tests of products with float16 factors on one device. */
export function autocastSuite(open16: (context: TestContext) => Promise<Backend>): void {
  it('rounds as float16 by hand does, to the bit', async (context) => {
    const device = await open16(context);
    const values = hardNumbers();
    for (const size of [values.length, 1, 2, 3]) {
      const half = tensor(values.slice(0, size), { device }).to('float16');
      const back = half.to('float32');
      const expected = values.slice(0, size).map(roundToHalf);
      expect(Array.from(await half.data())).toEqual(Array.from(expected));
      expect(Array.from(await back.data())).toEqual(Array.from(expected));
    }
    const written = tensor(values, { dtype: 'float16', device });
    expect(Array.from(await written.data())).toEqual(Array.from(values.map(roundToHalf)));
  });

  it.for(cases.map((each) => [each.name, each] as const))('%s', async ([, each], context) => {
    const device = await open16(context);
    const reference = await open('cpu', { reference: true });
    const expected = await evaluate(each, reference, 'float16');
    const found = await evaluate(each, device, 'float16');
    expect(farthest(found, expected)).toBeLessThan(2e-5);
    // Rounding shows: otherwise nothing was tested.
    expect(farthest(expected, await evaluate(each, reference, 'float32'))).toBeGreaterThan(5e-5);
  });

  it('gradients have gradients', async (context) => {
    const device = await open16(context);
    const x = rand([4, 6], { device, seed: 1, stream: 1, requiresGrad: true });
    const w = rand([3, 6], { device, seed: 1, stream: 2, requiresGrad: true });
    const y = autocast('float16', () => linear(x, w).square().sum());
    const [first] = grad(y, [x], { createGraph: true });
    const [second] = grad(first.sum(), [w]);
    // d/dw of Σ 2 (x wᵀ) w, with float16 factors in all products.
    expect(second.shape).toEqual([3, 6]);
    const exact = grad(grad(linear(x, w).square().sum(), [x], { createGraph: true })[0].sum(), [w])[0];
    const worst = await second.sub(exact).abs().amax().item();
    expect(worst).toBeGreaterThan(0);
    expect(worst / (await exact.abs().amax().item())).toBeLessThan(2e-3);
  });

  it('float16 tensors are moved, and nothing computes with them but matmul', async (context) => {
    const device = await open16(context);
    const half = rand([3, 5], { device, seed: 1, stream: 1 }).to('float16');
    expect(Array.from(await half.t().contiguous().data())).toEqual(Array.from(await half.t().data()));
    expect(() => half.add(1)).toThrow(/no float16[^]*convert with to/);
    expect(() => half.sum()).toThrow(/no float16/);
    expect(half.matmul(half.t()).dtype).toBe('float32');
  });
}
