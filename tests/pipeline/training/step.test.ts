import { expect, it } from 'vitest';
import { manualSeed, nn, open, optim, rand, randint, setDefaultDevice } from '../../../src/index.ts';
import { Meter } from '../../../src/pipeline/training/meter.ts';
import { trainStep } from '../../../src/pipeline/training/step.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

/** The weights after three clipped steps of SGD, whose length shows the size of the gradients. */
async function weights(initScale: number | undefined): Promise<number[]> {
  manualSeed(1);
  const model = new nn.Linear(8, 4);
  const optimizer = new optim.SGD(model.parameters(), { lr: 1 });
  const scaler = initScale === undefined ? undefined : new optim.GradScaler({ initScale });
  const meter = new Meter(cpu, 8);
  const [images, labels] = [rand([16, 8]), randint(0, 4, [16])];
  for (let step = 0; step < 3; step++) {
    const parts = { model, optimizer, meter, maxNorm: 0.05, scaler };
    trainStep(parts, { batches: [() => ({ images, labels })], size: 16 });
  }
  return [...(await model.weight.data())];
}

it('clips the true gradients: the scale of the loss does not show in a float16 step', async () => {
  const small = await weights(2 ** 8);
  expect(await weights(2 ** 14)).toEqual(small);
  const plain = await weights(undefined);
  small.forEach((value, at) => expect(value).toBeCloseTo(plain[at]!, 3));
  manualSeed(1);
  const start = [...(await new nn.Linear(8, 4).weight.data())];
  const moved = Math.hypot(...small.map((value, at) => value - start[at]!));
  expect(moved).toBeGreaterThan(0.05);
  expect(moved).toBeLessThan(0.15);
});
