import { describe, expect, test } from 'vitest';
import {
  capture,
  crossEntropy,
  manualSeed,
  nn,
  ones,
  open,
  optim,
  randn,
  setDefaultDevice,
  Tensor,
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

test('an argument that differs from a recorded one in one respect only is not taken for it', async () => {
  setDefaultDevice(await cpu());
  const seen: unknown[] = [];
  const step = capture((value: unknown) => {
    const text = JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' && Object.is(each, -0) ? '-0' : each instanceof Tensor ? String(each) : each,
    );
    seen.push(text);
    return ones([1]);
  }) as (value: unknown) => Tensor;
  const values: unknown[] = [
    ...[0, -0, '0', 1, '1', true, 'true', null, undefined, NaN, Infinity],
    ...[
      [1, 2],
      ['1', 2],
      [[1], 2],
      [1, [2]],
      { a: 1 },
      { b: 1 },
      { a: 1, b: 2 },
      { a: { b: 1 } },
      { 'a: 1, b': 2 },
      { 'a: 1, "b"': 2 },
      { a: '1, b: 2' },
      {},
      [],
    ],
    ...[ones([2]), ones([2, 1]), ones([1, 2]), ones([2], { dtype: 'int32' }), [ones([2])], { a: ones([2]) }],
  ];
  for (const value of values) {
    const before = seen.length;
    for (let call = 0; call < 4; call++) step(value);
    // One plain run and one that is recorded: none of the earlier recordings was taken.
    expect(seen.length - before, String(value)).toBe(2);
  }
  expect(() => step(ones([2], { requiresGrad: true }))).toThrow(/requires a gradient/);
});
