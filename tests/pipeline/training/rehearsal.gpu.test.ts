import { expect, test, type TestContext } from 'vitest';
import { rehearse } from '../../../src/pipeline/training/rehearsal.ts';
import { setDefaultDevice } from '../../../src/index.ts';
import { openOwn } from '../../backend/webgpu/devices.ts';
import { temporaryFolder } from '../files/disks.ts';
import { type Changes, smallConfiguration, trainSmall } from './trainingFixture.ts';

const variants: [name: string, changes: Changes][] = [
  ['plain', {}],
  ['clipped, with dropout', { clipGradNorm: 1, dropout: 0.2 }],
  [
    'augmented, with SGD',
    { augmentation: { flip: 0.5, shift: 2, erase: 0.1 }, optimizer: { name: 'sgd', lr: 0.1 } },
  ],
];

/** Trains, and gives the weights and how many pipelines there were before and after the first step. */
async function trained(
  context: Pick<TestContext, 'skip'>,
  changes: Changes,
  rehearsed: boolean,
): Promise<{ weights: string; before: number; after: number }> {
  const { backend: device } = await openOwn(context);
  setDefaultDevice(device);
  if (rehearsed) await rehearse(smallConfiguration(temporaryFolder(), changes), device);
  const before = device.stats().pipelinesCreated;
  let after: number | undefined;
  const { summary } = await trainSmall({
    device,
    folder: temporaryFolder(),
    changes: { ...changes, logEvery: 1, epochs: 1 },
    onRecord: () => (after ??= device.stats().pipelinesCreated),
  });
  return { weights: summary.weightsSha256, before, after: after! };
}

test.for(variants)(
  'a rehearsal compiles all that the first step launches: %s',
  async ([, changes], context) => {
    const plain = await trained(context, changes, false);
    const { weights, before, after } = await trained(context, changes, true);
    expect(before).toBe(plain.after);
    expect(after).toBe(before);
    expect(weights).toBe(plain.weights);
  },
);
