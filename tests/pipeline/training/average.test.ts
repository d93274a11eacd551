import { expect, it } from 'vitest';
import { nn, noGrad, open, setDefaultDevice, tensor } from '../../../src/index.ts';
import { WeightAverage } from '../../../src/pipeline/training/average.ts';

setDefaultDevice(await open('cpu'));

it('follows weights and running statistics, and lends them to the model', async () => {
  const model = new nn.BatchNorm2d(1);
  const set = (weight: number, mean: number): void =>
    noGrad(() => {
      model.weight!.copy_(tensor([weight]));
      model.runningMean!.copy_(tensor([mean]));
    });
  const values = async (): Promise<number[]> => [await model.weight!.item(), await model.runningMean!.item()];
  set(8, 0);
  const average = new WeightAverage(model, 0.75);
  set(0, 4);
  average.update();
  set(4, 8);
  average.update();
  const means = [8 * 0.75 * 0.75 + 4 * 0.25, 4 * 0.25 * 0.75 + 8 * 0.25];
  expect(await average.used(values)).toEqual(means);
  expect(await values()).toEqual([4, 8]);
  // The weights come back after an error, too.
  await expect(average.used(() => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
  expect(await values()).toEqual([4, 8]);
  expect(await average.used(values)).toEqual(means);
});
