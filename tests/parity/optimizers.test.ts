import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { optimizerErrors, optimizerRuns } from './optimizers.ts';
import { TRAINING_BOUND } from './training.ts';

const cpu = await open('cpu');

test.each(optimizerRuns)('$name trains as in PyTorch on the CPU', async (run) => {
  const { losses, norms, weights } = await optimizerErrors(run, cpu);
  expect(Math.max(losses, norms, weights)).toBeLessThan(TRAINING_BOUND);
});
