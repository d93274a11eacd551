import { expect, test } from 'vitest';
import { grad, open, scope, tensor } from '../../src/index.ts';
import { lossFixtures } from '../parity/losses.ts';
import {
  callArguments,
  fromFixture,
  inputsOf,
  type OperationFixture,
  operationFixtures,
  operationOf,
  type Order,
  orders,
} from '../parity/operations.ts';

const cpu = await open('cpu');

/** Buffers that a call leaves alive, though its result, and the gradients, are freed. */
function leftBehind(fixture: OperationFixture, order: Order): number {
  return scope(() => {
    const inputs = inputsOf(fixture, cpu, order);
    const seed = fixture.gradOutputs.map((each) => fromFixture(each, cpu));
    const before = cpu.stats().buffersAlive;
    const output = operationOf(fixture)!(...callArguments(fixture, inputs));
    if (seed[0]) output.backward(seed[0]);
    output.dispose();
    for (const input of inputs) input.zeroGrad();
    return cpu.stats().buffersAlive - before;
  });
}

test.each(orders)('no operation leaves a buffer behind, forward and backward, with %s inputs', (order) => {
  const fixtures = [...operationFixtures, ...lossFixtures];
  for (const fixture of fixtures) leftBehind(fixture, order); // numbers become scalars, which are kept
  const leaks = fixtures
    .map((fixture) => `${fixture.name}: ${leftBehind(fixture, order)}`)
    .filter((line) => !line.endsWith(': 0'));
  expect(leaks).toEqual([]);
});

test('the parts of unbind, and what they are views of, are freed with them', () => {
  const before = cpu.stats().buffersAlive;
  const x = tensor([1, 2, 3, 4], { shape: [2, 2], device: cpu });
  const parts = x.unbind();
  for (const each of [x, ...parts]) each.dispose();
  expect(cpu.stats().buffersAlive - before).toBe(0);
});

test('reading a strided tensor leaves nothing behind', async () => {
  const x = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { device: cpu },
  );
  const view = x.t();
  const before = cpu.stats().buffersAlive;
  expect(Array.from(await view.data())).toEqual([1, 4, 2, 5, 3, 6]);
  expect(cpu.stats().buffersAlive).toBe(before);
  view.dispose();
  x.dispose();
  expect(cpu.stats().buffersAlive).toBe(before - 1);
});

test('first and second gradients leave nothing behind', () => {
  const x = tensor([1, 2, 3], { device: cpu, requiresGrad: true });
  const step = (): void => {
    scope(() => {
      const [first] = grad(x.pow(3).mul(x.exp()).sum(), [x], { createGraph: true });
      first.square().sum().backward();
    });
    x.zeroGrad();
  };
  step();
  const before = cpu.stats().buffersAlive;
  step();
  expect(cpu.stats().buffersAlive).toBe(before);
});

test('a graph that backward never runs over goes with its result', () => {
  const x = tensor([1, 2, 3], { device: cpu, requiresGrad: true });
  const chain = (): void => {
    const hidden = x.exp();
    const output = hidden.sin();
    hidden.dispose();
    output.dispose();
  };
  chain();
  const before = cpu.stats().buffersAlive;
  chain();
  expect(cpu.stats().buffersAlive).toBe(before);
});

test('repeated steps create no buffer once the first has', () => {
  const weight = tensor(new Float32Array(12), { shape: [3, 4], device: cpu, requiresGrad: true });
  const input = tensor(new Float32Array(20).fill(1), { shape: [5, 4], device: cpu });
  const step = (): void => {
    scope(() => {
      input.matmul(weight.t()).relu().square().mean().backward();
    });
    weight.zeroGrad();
  };
  step();
  const { buffersCreated, buffersAlive } = cpu.stats();
  for (let i = 0; i < 20; i++) step();
  expect(cpu.stats()).toMatchObject({ buffersCreated, buffersAlive });
});
