import { expect, it } from 'vitest';
import {
  manualSeed,
  nn,
  noGrad,
  open,
  optim,
  rand,
  randint,
  setDefaultDevice,
  tensor,
} from '../../../src/index.ts';
import { Meter } from '../../../src/pipeline/training/meter.ts';
import { classification } from '../../../src/pipeline/training/tasks.ts';
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
    const parts = { model, task: classification, optimizer, meter, maxNorm: 0.05, scaler };
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

it('smooths the labels of the training loss', async () => {
  const losses: number[] = [];
  for (const labelSmoothing of [undefined, 0.2]) {
    const model = new nn.Linear(2, 2, { bias: false });
    noGrad(() =>
      model.weight.copy_(
        tensor([
          [1, 0],
          [0, 0],
        ]),
      ),
    );
    const meter = new Meter(cpu, 1);
    const parts = {
      model,
      task: classification,
      optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
      meter,
      labelSmoothing,
    };
    const batch = { images: tensor([[1, 0]]), labels: tensor([0], { dtype: 'int32' }) };
    trainStep({ ...parts, maxNorm: undefined, scaler: undefined }, { batches: [() => batch], size: 1 });
    losses.push((await meter.read()).losses[0]!);
  }
  const [right, wrong] = [Math.log(1 + Math.exp(-1)), 1 + Math.log(1 + Math.exp(-1))];
  expect(losses[0]).toBeCloseTo(right, 6);
  expect(losses[1]).toBeCloseTo(0.9 * right + 0.1 * wrong, 6);
});
