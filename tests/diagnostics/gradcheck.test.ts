import { expect, test } from 'vitest';
import { derivatives } from '../../src/diagnostics/gradcheck.ts';
import { gradcheck, gradgradcheck } from '../../src/diagnostics/index.ts';
import { type Backend, open, tensor, type Tensor } from '../../src/index.ts';
import { withGradient } from '../../src/tensor/tape.ts';

const cpu: Backend = await open('cpu');

function leaf(values: number[], shape: number[] = [values.length]): Tensor {
  return tensor(new Float64Array(values), { shape, device: cpu, requiresGrad: true });
}

/** x², with a gradient that is wrong where x > 1. */
function wrongSquare(x: Tensor): Tensor {
  const right = x.detach();
  return withGradient('wrongSquare', right.mul(right), [x], [x], (gradient, saved) => [
    () => gradient.mul(saved).mul(saved.gt(1).to('float64').add(2)),
  ]);
}

/** x² · g, whose second derivative in x is lost. */
function flatSlope(x: Tensor): Tensor {
  return withGradient('flatSlope', x.detach().square(), [x], [x], (gradient, saved) => [
    () => gradient.mul(saved.detach()).mul(2),
  ]);
}

test('right gradients pass, of several inputs and outputs', async () => {
  const inputs = [leaf([1, 2, 3, 4], [2, 2]), leaf([0.5, -0.5])];
  const both = (a: Tensor, b: Tensor): Tensor[] => [a.matmul(b), a.exp().mul(b)];
  expect(await gradcheck(both, inputs)).toBe(true);
  expect(await gradgradcheck(both, inputs)).toBe(true);
  expect(await gradcheck(both, inputs, { fastMode: true })).toBe(true);
  expect(await gradgradcheck(both, inputs, { fastMode: true })).toBe(true);
});

test('a wrong gradient is named by input, element and both values', async () => {
  const check = gradcheck(
    (a, b) => a.sum().add(wrongSquare(b).sum(0)),
    [leaf([1]), leaf([0.5, 0.25, 1.5, 0.75], [2, 2])],
  );
  await expect(check).rejects.toThrow(
    /gradcheck: the gradients differ at input 1, element \[1, 0\]\n {2}analytical {2}-?[\d.]+\n {2}numerical {3}-?[\d.]+/,
  );
});

test('a wrong gradient is found in fast mode', async () => {
  await expect(gradcheck(wrongSquare, [leaf([0.5, 1.5])], { fastMode: true })).rejects.toThrow(
    'random direction',
  );
});

test('a wrong second derivative passes gradcheck and fails gradgradcheck', async () => {
  const x = leaf([0.5, 1.5]);
  expect(await gradcheck(flatSlope, [x])).toBe(true);
  await expect(gradgradcheck(flatSlope, [x])).rejects.toThrow(
    'gradgradcheck: the gradients differ at input 0, element [0]',
  );
});

test('float32, and inputs or outputs without gradients, are refused', async () => {
  const single = tensor([1, 2], { device: cpu, requiresGrad: true });
  await expect(gradcheck((x) => x.exp(), [single])).rejects.toThrow('got    float32[2]');
  await expect(gradcheck((x) => x.exp(), [leaf([1]).detach()])).rejects.toThrow(
    'none that requires a gradient',
  );
  await expect(gradcheck((x) => x.detach(), [leaf([1])])).rejects.toThrow(
    'no output of the function requires a gradient',
  );
});

test('bounds are relative to the numerical derivative, and both may be met exactly', async () => {
  const flat = (x: Tensor): Tensor => x.mul(0);
  expect(await gradcheck(flat, [leaf([1, 2])], { atol: 0, rtol: 0 })).toBe(true);
  // Backward says `slope` times the derivative.
  const scaled =
    (slope: number) =>
    (x: Tensor): Tensor =>
      withGradient('scaled', x.detach().mul(1), [x], [], (gradient) => [() => gradient.mul(slope)]);
  for (const [slope, rtol] of [
    [1.9, 0.95],
    [0.1, 0.95],
    [1.5, 0.55],
    [0.5, 0.55],
  ] as const)
    expect(await gradcheck(scaled(slope), [leaf([1, 2])], { atol: 0, rtol })).toBe(true);
  for (const [slope, rtol] of [
    [1.9, 0.85],
    [0.1, 0.85],
    [1.5, 0.45],
  ] as const)
    await expect(gradcheck(scaled(slope), [leaf([1, 2])], { atol: 0, rtol })).rejects.toThrow(
      'the gradients differ',
    );
});

test('by default a derivative may be off by 1e-6, and by a millionth', async () => {
  const off =
    (by: number, slope: number) =>
    (x: Tensor): Tensor =>
      withGradient('off', x.detach().mul(slope), [x], [], (gradient) => [
        () => gradient.mul(0).add(gradient.mul(slope).add(gradient.sign().mul(by))),
      ]);
  const single = (x: Tensor): Tensor[] => [x];
  expect(single(leaf([1]))).toHaveLength(1);
  // The weight of the only output.
  const [exact] = await derivatives((x) => x.mul(1), [leaf([1])]);
  const weight = Math.abs(exact!.analytical);
  for (const [by, slope, passes] of [
    [0.9e-6, 0, true],
    [1.1e-6, 0, false],
    [90e-6, 100 / weight, true],
    [110e-6, 100 / weight, false],
  ] as const) {
    const check = gradcheck(off(by, slope), [leaf([1])]);
    if (passes) expect(await check).toBe(true);
    else await expect(check).rejects.toThrow('the gradients differ');
  }
});

test('inputs and outputs that need no gradient may be of any dtype', async () => {
  const index = tensor([1, 0], { dtype: 'int32', device: cpu });
  const mixed = (x: Tensor, at: Tensor): Tensor[] => [at, x.detach().sum().mul(0), x.square().gather(0, at)];
  for (const options of [{}, { fastMode: true }]) {
    expect(await gradcheck(mixed, [leaf([1, 2]), index], options)).toBe(true);
    expect(await gradgradcheck(mixed, [leaf([1, 2]), index], options)).toBe(true);
  }
});

test('fast mode looks along two directions', async () => {
  const found = await derivatives((x) => x.square(), [leaf([1, 2])], { fastMode: true });
  expect(found.map(({ at }) => at)).toEqual(['random direction 1', 'random direction 2']);
  expect(found[0]!.analytical).not.toBe(found[1]!.analytical);
  for (const { analytical, numerical } of found) expect(analytical).toBeCloseTo(numerical, 8);
});

test('nothing that it made is left behind', async () => {
  const x = leaf([0.5, 1.5]);
  await gradcheck((y) => y.exp(), [x]);
  const { buffersAlive } = cpu.stats();
  await gradcheck((y) => y.exp(), [x]);
  await gradgradcheck((y) => y.exp(), [x]);
  expect(cpu.stats().buffersAlive).toBe(buffersAlive);
});

test('a gradient that is not a number is found, also in fast mode', async () => {
  const nan = (x: Tensor): Tensor =>
    withGradient('nan', x.detach().mul(2), [x], [x], (gradient) => [() => gradient.mul(NaN)]);
  for (const options of [{}, { fastMode: true }]) {
    await expect(gradcheck(nan, [leaf([1, 2])], options)).rejects.toThrow(/NaN/);
  }
});
