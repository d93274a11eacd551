import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { TRAINING_BOUND, trainingErrors, trainingRuns } from '../parity/training.ts';

for (const run of trainingRuns) {
  test(`${run.name} follows PyTorch on WebGPU`, async (context) => {
    const { losses, weights } = await trainingErrors(run, await webgpuOrSkip(context));
    expect(losses).toBeLessThanOrEqual(TRAINING_BOUND);
    expect(weights).toBeLessThanOrEqual(TRAINING_BOUND);
  });
}
