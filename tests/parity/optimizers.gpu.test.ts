import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { optimizerErrors, optimizerRuns } from './optimizers.ts';
import { TRAINING_BOUND } from './training.ts';

for (const run of optimizerRuns) {
  test(`${run.name} trains as in PyTorch on WebGPU`, async (context) => {
    const { losses, norms, weights } = await optimizerErrors(run, await webgpuOrSkip(context));
    expect(Math.max(losses, norms, weights)).toBeLessThan(TRAINING_BOUND);
  });
}
