import { expect, test } from 'vitest';
import { loadConfiguration } from '../../../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../src/pipeline/data/description.ts';
import { launchesOf } from '../../../../src/pipeline/diagnostics/tuning/launches.ts';
import '../../../../src/ops/methods.ts';

test('the launches of a small MLP are its products forward and backward, and those of the evaluation', () => {
  const overrides = ['model.hidden=[16]', 'train.batchSize=50'];
  const launches = launchesOf(loadConfiguration('configs/mlp.yaml', overrides), FASHION_MNIST_DESCRIPTION);
  expect(launches.map(({ shape }) => shape)).toEqual([
    // A long sum for few outputs is cut into parts.
    'matmul 64x16x512 NT 4 times',
    'matmul 64x16x16 NT',
    'matmul 64x16x16 NN',
    'matmul 16x16x64 TN',
    'matmul 16x1024x64 TN',
    'matmul 1024x16x1024 NT',
    'matmul 1024x16x16 NT',
  ]);
  expect(launches[0]).toMatchObject({
    operation: 'matmul',
    params: { m: 50, n: 16, k: 784 },
    lengths: { a: 50 * 784 },
  });
});

test('those of a CNN have convolutions of all three kinds, each class once', () => {
  const launches = launchesOf(loadConfiguration('configs/cnn.yaml', []), FASHION_MNIST_DESCRIPTION);
  const shapes = launches.map(({ shape }) => shape);
  expect(new Set(shapes).size).toBe(shapes.length);
  expect(new Set(launches.map(({ operation }) => operation))).toEqual(
    new Set(['conv2d', 'conv2dInputGradient', 'conv2dWeightGradient', 'matmul']),
  );
  // The images themselves get no gradient.
  expect(shapes.filter((shape) => shape.startsWith('conv2dInputGradient'))).toHaveLength(1);
});
