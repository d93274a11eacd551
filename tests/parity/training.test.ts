import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { TRAINING_BOUND, trainingErrors, trainingRuns } from './training.ts';

const cpu = await open('cpu');

test.each(trainingRuns)('$name follows PyTorch on the CPU', async (run) => {
  const { losses, weights } = await trainingErrors(run, cpu);
  expect(losses).toBeLessThanOrEqual(TRAINING_BOUND);
  expect(weights).toBeLessThanOrEqual(TRAINING_BOUND);
});
