import { describe, expect, test } from 'vitest';
import {
  capture,
  crossEntropy,
  manualSeed,
  nn,
  open,
  optim,
  randn,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { captureResultsSuite } from './captureResultsSuite.ts';

const cpu = (): ReturnType<typeof open> => open('cpu');

describe('results of captured steps on the CPU', () => captureResultsSuite(cpu, cpu));

test('a replay that fails counts no step', async () => {
  setDefaultDevice(await cpu());
  manualSeed(1);
  const model = new nn.Linear(4, 3);
  const optimizer = new optim.Adam(model.parameters());
  const schedule = new optim.lrScheduler.StepLR(optimizer, 2);
  const x = randn([2, 4]);
  const [labels, wrong] = [tensor([0, 2], { dtype: 'int32' }), tensor([0, 3], { dtype: 'int32' })];
  const step = capture((targets: Tensor) => {
    optimizer.zeroGrad();
    crossEntropy(model.forward(x), targets).backward();
    optimizer.step();
    schedule.step();
  });
  for (let call = 0; call < 4; call++) step(labels);
  const before = [optimizer.stateDict().steps, optimizer.lr, schedule.stateDict()];
  expect(before[0]).toEqual([4, 4]);
  for (let call = 0; call < 3; call++) expect(() => step(wrong)).toThrow(/target/);
  expect([optimizer.stateDict().steps, optimizer.lr, schedule.stateDict()]).toEqual(before);
  step(labels);
  expect(optimizer.stateDict().steps).toEqual([5, 5]);
});

test('a gradient that several recordings of one parameter return is the present one', async () => {
  setDefaultDevice(await cpu());
  const p = new nn.Parameter(tensor([1, 2]));
  const optimizer = new optim.SGD([p], { lr: 1 });
  const recorded = (clears: boolean): ((x: Tensor) => Tensor) =>
    capture((x: Tensor) => {
      if (clears) p.grad = null;
      p.mul(x).sum().backward();
      return p.grad!;
    });
  const [fresh, added] = [recorded(true), recorded(false)];
  let expected = 0;
  for (const [value, clears] of Array.from(
    'aaabbbabaabbaab',
    (name, at) => [at + 1, name === 'a'] as const,
  )) {
    expected = value + (clears ? 0 : expected);
    const result = (clears ? fresh : added)(tensor([value, 1]));
    expect([(await result.data())[0], (await p.grad!.data())[0]]).toEqual([expected, expected]);
  }
  optimizer.dispose();
});
