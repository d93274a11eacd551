import { expect, test } from 'vitest';
import { manualSeed, nn, open, setDefaultDevice } from '../../../src/index.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { evaluate } from '../../../src/pipeline/training/evaluate.ts';
import { classification } from '../../../src/pipeline/training/tasks.ts';
import { noise } from '../data/augmentationFixture.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

test('an evaluation runs in evaluation mode, and leaves every mode as it was', async () => {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Flatten(), new nn.Dropout(0.5), new nn.Linear(784, 10));
  const set = new DeviceDataset(cpu, noise(30), FASHION_MNIST_DESCRIPTION);
  const rows = Uint32Array.from({ length: 30 }, (_, row) => row);
  const results = [];
  for (const training of [true, false]) {
    model.train(training);
    results.push(await evaluate(classification, model, { set, rows }));
    expect([model.training, model[1]!.training]).toEqual([training, training]);
  }
  expect(results[0]).toEqual(results[1]);
  const broken = new nn.Sequential(model, new nn.Linear(11, 1));
  await expect(evaluate(classification, broken, { set, rows })).rejects.toThrow();
  expect([broken.training, model.training]).toEqual([true, true]);
  model.train();
  expect(model.training).toBe(true);
});
