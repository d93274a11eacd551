// When a training ends, reads its metrics and writes checkpoints, at the exact limits of its options.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { decodeSafetensors } from '../../../src/formats/safetensors/index.ts';
import { open } from '../../../src/index.ts';
import { readJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import { Stopwatch } from '../../../src/pipeline/training/stopwatch.ts';
import { temporaryFolder } from '../files/disks.ts';
import { type Changes, trainSmall } from './trainingFixture.ts';

const device = await open('cpu');
const trained = (changes: Changes) => trainSmall({ device, folder: temporaryFolder(), changes });

it('takes one step at least, however little time there is, and tests its weights', async () => {
  const { summary, path } = await trained({ epochs: 2, logEvery: 1, maxMinutes: 1e-9 });
  expect(summary).toMatchObject({ stopped: 'maxMinutes', steps: 1, epochs: 0, bestEpoch: 0 });
  expect(existsSync(join(path, 'checkpoints', 'best.safetensors'))).toBe(true);
  expect(summary.validation).not.toBeNull();
});

it('without validation images the last weights are the best', async () => {
  const { summary, path } = await trained({ epochs: 2, logEvery: 99, validation: 0 });
  expect(summary).toMatchObject({ epochs: 2, bestEpoch: 2, validation: null });
  const [best, last] = ['best', 'last'].map((name) =>
    decodeSafetensors(readFileSync(join(path, 'checkpoints', `${name}.safetensors`))),
  );
  expect(best!.tensors).toEqual(last!.tensors);
  expect(readJournal(join(path, 'metrics.jsonl')).map(({ kind }) => kind)).not.toContain('validation');
});

it('stops early after as many epochs without improvement as patience says', async () => {
  // Nothing is learnt, so the first epoch stays the best.
  const { summary } = await trained({ epochs: 9, logEvery: 99, lr: 0, earlyStopping: { patience: 2 } });
  expect(summary).toMatchObject({ stopped: 'earlyStopping', epochs: 3, steps: 48, bestEpoch: 1 });
});

it('stops early by a metric of its own', async () => {
  const earlyStopping = { metric: 'loss', mode: 'max', patience: 1 };
  const { summary } = await trained({ epochs: 4, logEvery: 99, best: { metric: 'loss' }, earlyStopping });
  // The loss falls in both epochs.
  expect(summary).toMatchObject({ stopped: 'earlyStopping', epochs: 2, bestEpoch: 2 });
});

it('reads metrics every so many steps, of all batches of a step, and at the end of an epoch', async () => {
  const { path } = await trained({ epochs: 1, logEvery: 5, accumulate: 2 });
  const steps = readJournal(join(path, 'metrics.jsonl')).map(
    ({ kind, epoch, step }) => `${kind} ${epoch} ${step}`,
  );
  expect(steps).toEqual(['train 1 5', 'train 1 8', 'validation 1 8', 'test 1 8']);
});

it('names the step whose loss is not finite, also where a step has several batches', async () => {
  // The first step is taken with finite weights.
  const failing = trained({ lr: 1e30, logEvery: 3, accumulate: 2 });
  await expect(failing).rejects.toThrow(/The loss became (NaN|Infinity) at step 2 \(epoch 1\)/);
});

it('writes a checkpoint at the reading that is so many steps after the one before', async () => {
  const { path } = await trained({ epochs: 1, logEvery: 5, checkpointEvery: 5, keepLast: 9 });
  expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual([
    'best.safetensors',
    'last.safetensors',
    'step-00000000.safetensors',
    'step-00000005.safetensors',
    'step-00000010.safetensors',
    'step-00000015.safetensors',
  ]);
});

it('clips gradients to a norm of zero where it is told to', async () => {
  const [clipped, still] = [
    await trained({ epochs: 1, logEvery: 99, optimizer: { name: 'sgd', lr: 0.1 }, clipGradNorm: 0 }),
    await trained({ epochs: 1, logEvery: 99, optimizer: { name: 'sgd', lr: 0 } }),
  ];
  expect(clipped.summary.weightsSha256).toBe(still.summary.weightsSha256);
});

it('counts time and images over all processes of a training', async () => {
  const now = vi.spyOn(performance, 'now');
  const synchronize = vi.fn(() => Promise.resolve());
  try {
    const stopwatch = new Stopwatch({ samples: 100, trainingSeconds: 4, seconds: 7 });
    expect(stopwatch.samplesPerSecond).toBe(25);
    now.mockReturnValue(1000);
    stopwatch.start();
    now.mockReturnValue(3000);
    stopwatch.lap(20);
    now.mockReturnValue(3500);
    stopwatch.lap(30);
    now.mockReturnValue(9000);
    stopwatch.start();
    now.mockReturnValue(9500);
    stopwatch.lap(10);
    expect(stopwatch.state).toEqual({ samples: 160, trainingSeconds: 7, seconds: 16.5 });
    expect([stopwatch.samplesPerSecond, stopwatch.seconds]).toEqual([160 / 7, 16.5]);
    now.mockRestore();
    expect(new Stopwatch().samplesPerSecond).toBe(0);
    for (let step = 0; step < 3; step++) await stopwatch.noteFirstStep({ synchronize } as unknown as Backend);
    expect(synchronize).toHaveBeenCalledTimes(1);
    expect(stopwatch.secondsToFirstStep).toBeGreaterThan(0);
  } finally {
    now.mockRestore();
  }
});
