import { describe, expect, test } from 'vitest';
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  GradientError,
  mseLoss,
  nllLoss,
  nn,
  open,
  setDefaultDevice,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

const ints = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: 'int32' }).reshape(shape);
const logits = tensor([
  [1, 2, 0],
  [0, -1, 3],
]);
const weight = tensor([1, 2, 4]);

describe('the modules are the functions', () => {
  const cases: [string, Tensor, Tensor][] = [
    [
      'CrossEntropyLoss',
      new nn.CrossEntropyLoss({ weight, labelSmoothing: 0.1, ignoreIndex: 1 }).forward(logits, ints([0, 2])),
      crossEntropy(logits, ints([0, 2]), { weight, labelSmoothing: 0.1, ignoreIndex: 1 }),
    ],
    [
      'NLLLoss',
      new nn.NLLLoss({ weight, reduction: 'sum' }).forward(logits, ints([0, 2])),
      nllLoss(logits, ints([0, 2]), { weight, reduction: 'sum' }),
    ],
    [
      'MSELoss',
      new nn.MSELoss({ reduction: 'sum' }).forward(logits, zeros([2, 3])),
      mseLoss(logits, zeros([2, 3]), { reduction: 'sum' }),
    ],
    [
      'BCEWithLogitsLoss',
      new nn.BCEWithLogitsLoss({ posWeight: weight }).forward(logits, zeros([2, 3])),
      binaryCrossEntropyWithLogits(logits, zeros([2, 3]), { posWeight: weight }),
    ],
  ];
  test.each(cases)('%s', async (_, found, wanted) => {
    expect(await found.item()).toBe(await wanted.item());
  });
});

test('nllLoss of logSoftmax is crossEntropy', async () => {
  const target = ints([2, 0]);
  const [found, wanted] = [
    nllLoss(logits.logSoftmax(1), target, { weight }),
    crossEntropy(logits, target, { weight }),
  ];
  expect(await found.item()).toBeCloseTo(await wanted.item(), 6);
});

test('crossEntropy of images is that of their pixels, one after the other', async () => {
  const x = tensor(
    Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    { shape: [2, 3, 4] },
  );
  const target = ints([0, 1, 2, -100, 2, 1, 0, 0], [2, 4]);
  const found = crossEntropy(x, target, { weight, labelSmoothing: 0.2 });
  const wanted = crossEntropy(x.permute([0, 2, 1]).reshape([8, 3]), target.flatten(), {
    weight,
    labelSmoothing: 0.2,
  });
  expect(await found.item()).toBeCloseTo(await wanted.item(), 6);
});

test('what does not fit is named', () => {
  const target = ints([0, 1]);
  expect(() => crossEntropy(zeros([2, 3, 4]), target)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: crossEntropy: target does not fit
      takes  input float32[N, C, d1], target int32[N, d1]
      got    input float32[2, 3, 4], target int32[2]
      where  N = 2, C = 3, d1 = 4]
  `);
  expect(() => nllLoss(zeros([3]), target)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: nllLoss: target does not fit
      takes  input float32[C], target int32[]
      got    input float32[3], target int32[2]
      where  C = 3]
  `);
  expect(() => crossEntropy(logits, zeros([2, 2]))).toThrow(ShapeError);
  expect(() => crossEntropy(zeros([2, 0]), target)).toThrow(ShapeError);
  expect(() => crossEntropy(zeros([]), ints([], [0]))).toThrow(ShapeError);
  expect(() => crossEntropy(logits, target, { weight: zeros([2]) })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: crossEntropy: weight does not fit
      takes  one weight for each of the 3 classes
      got    float32[2]]
  `);
  expect(() => nllLoss(logits, target, { weight: zeros([3], { requiresGrad: true }) })).toThrow(
    GradientError,
  );
  expect(() => crossEntropy(logits, target, { labelSmoothing: 1.1 })).toThrow('0 ≤ labelSmoothing ≤ 1');
  expect(() => crossEntropy(logits, target, { ignoreIndex: 0.5 })).toThrow('invalid ignoreIndex');
  expect(() => crossEntropy(logits, logits, { ignoreIndex: 1 })).toThrow('ignoreIndex with probabilities');
  expect(() => crossEntropy(logits, target, { reduction: 'average' as 'mean' })).toThrow(
    "'mean', 'sum' or 'none'",
  );
  expect(() => nllLoss(logits, ints([0, 3]))).toThrow('nllLoss: takes targets from 0 to 2, got 3');
  expect(() => binaryCrossEntropyWithLogits(logits, zeros([3]))).toThrow('input and target of one shape');
  expect(() => binaryCrossEntropyWithLogits(logits, logits, { posWeight: zeros([4, 2, 3]) })).toThrow(
    'posWeight does not fit',
  );
});
