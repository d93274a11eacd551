import { beforeAll, expect, test } from 'vitest';
import { init, noGrad, rand, randint, setDefaultDevice } from '../../../src/index.ts';
import type { Backend } from '../../../src/backend/backend.ts';
import { Autoencoder } from '../../../src/pipeline/models/autoencoder.ts';
import { buildModel } from '../../../src/pipeline/models/buildModel.ts';
import { average, Meter } from '../../../src/pipeline/training/meter.ts';
import { classification, reconstruction, taskFor } from '../../../src/pipeline/training/tasks.ts';

const shape = { height: 6, width: 5, classes: ['a', 'b', 'c'] };
let device: Backend;
beforeAll(async () => {
  device = await init('cpu');
  setDefaultDevice(device);
});

test('the loss of an autoencoder is the cross-entropy of the pixels and the divergence of the codes, a mean over images', async () => {
  const model = new Autoencoder({ name: 'autoencoder', channels: [2], latent: 3 }, shape);
  model.eval();
  const [images, labels] = [rand([4, 1, 6, 5]), randint(0, 3, [4])];
  const numbers = (values: Iterable<number>): number[] => [...values];
  const { loss, terms } = noGrad(() => reconstruction.measure(model, { images, labels }));
  const [mean, logVariance] = model.encode(images);
  const logits = numbers(await model.decode(mean).data());
  const pixels = numbers(await images.data());
  const entropy = logits.reduce((sum, logit, at) => {
    const p = 1 / (1 + Math.exp(-logit));
    return sum - pixels[at]! * Math.log(p) - (1 - pixels[at]!) * Math.log(1 - p);
  }, 0);
  const means = numbers(await mean.data());
  const divergence = numbers(await logVariance.data()).reduce(
    (sum, log, at) => sum + (means[at]! ** 2 + Math.exp(log) - log - 1) / 2,
    0,
  );
  expect(await terms![0]!.item()).toBeCloseTo(entropy / 4, 4);
  expect(await terms![1]!.item()).toBeCloseTo(divergence / 4, 6);
  expect(await loss.item()).toBeCloseTo((entropy + divergence) / 4, 4);
});

test('a meter keeps the terms of the loss, and starts again after a reading', async () => {
  const model = buildModel({ name: 'autoencoder', channels: [2], latent: 3 }, shape);
  const task = taskFor({ name: 'autoencoder' });
  const meter = new Meter(device, 3, task.terms);
  for (let reading = 0; reading < 2; reading++) {
    const expected: number[][] = [];
    for (const size of [4, 2]) {
      const batch = { images: rand([size, 1, 6, 5]), labels: randint(0, 3, [size]) };
      const measured = noGrad(() => task.measure(model, batch));
      meter.add(measured);
      expected.push([
        await measured.loss.item(),
        ...(await Promise.all(measured.terms!.map((term) => term.item()))),
      ]);
    }
    const read = await meter.read();
    expect([...read.losses]).toEqual(expected.map(([loss]) => loss));
    expect(read.terms.map((values) => [...values])).toEqual(
      [1, 2].map((at) => expected.map((row) => row[at])),
    );
    const mean = (at: number): number => (4 * expected[0]![at]! + 2 * expected[1]![at]!) / 6;
    expect(task.evaluation(average(read, 4, 2))).toEqual({
      loss: mean(0),
      reconstruction: mean(1),
      kl: mean(2),
    });
  }
});

test('a classifier has accuracy and loss; a task refuses a model of another one', () => {
  expect(taskFor({ name: 'cnn' })).toBe(classification);
  expect(classification.evaluation({ samples: 4, loss: 2, terms: [], accuracy: 0.25 })).toEqual({
    accuracy: 0.25,
    loss: 2,
  });
  const mlp = buildModel({ name: 'mlp', hidden: [], dropout: 0 }, shape);
  const batch = { images: rand([2, 1, 6, 5]), labels: randint(0, 3, [2]) };
  expect(() => reconstruction.measure(mlp, batch)).toThrow('takes an autoencoder; got Sequential');
});
