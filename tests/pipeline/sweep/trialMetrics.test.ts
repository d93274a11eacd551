import { basename } from 'node:path';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { makeTrial, prepareTrial, type Trial } from '../../../src/pipeline/sweep/trial.ts';
import type { TrialState } from '../../../src/pipeline/sweep/table.ts';
import { TrialMetrics } from '../../../src/pipeline/sweep/trialMetrics.ts';
import { openJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import { temporaryFolder } from '../files/disks.ts';

function newTrial(): Trial {
  const configuration = parseConfiguration({
    name: 'test',
    model: { name: 'mlp' },
    optimizer: { name: 'adam' },
    run: { dir: temporaryFolder() },
  });
  return makeTrial([], configuration, { data: 'd', code: 'c' });
}

async function samples(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const counts = (finished: number, failed: number, interrupted: number): string[] => [
  `wgrad_trials_total{status="finished"} ${finished}`,
  `wgrad_trials_total{status="failed"} ${failed}`,
  `wgrad_trials_total{status="interrupted"} ${interrupted}`,
  'wgrad_trials_total{status="pruned"} 0',
];

it('counts trials, and reads how those that run are doing from their journals', async () => {
  const registry = new Registry();
  const metrics = new TrialMetrics(registry);
  expect(await samples(registry)).toEqual(['wgrad_trials_running 0', ...counts(0, 0, 0)]);
  const trial = newTrial();
  const run = basename(trial.path);
  let end!: (state: TrialState) => void;
  const over = metrics.watch(trial, () => new Promise<TrialState>((resolve) => (end = resolve)));
  const begun = ['wgrad_trials_running 1', ...counts(0, 0, 0), `wgrad_training_epochs{run="${run}"} 10`];
  expect(await samples(registry)).toEqual(begun);
  await prepareTrial(trial);
  const journal = openJournal(`${trial.path}/metrics.jsonl`);
  journal.append({ kind: 'train', epoch: 1, step: 50, metrics: { samplesPerSecond: 100 } });
  journal.append({ kind: 'train', epoch: 1, step: 100, metrics: { samplesPerSecond: 120 } });
  journal.close();
  expect(await samples(registry)).toEqual([
    ...begun,
    `wgrad_training_epoch{run="${run}"} 1`,
    `wgrad_training_step{run="${run}"} 100`,
    `wgrad_training_samples_per_second{run="${run}"} 120`,
  ]);
  end({ trial, status: 'finished' });
  expect((await over).status).toBe('finished');
  expect(await samples(registry)).toEqual(['wgrad_trials_running 0', ...counts(1, 0, 0)]);
});

it('counts how trials end; one that did not begin is none', async () => {
  const registry = new Registry();
  const metrics = new TrialMetrics(registry);
  const trial = newTrial();
  for (const status of ['interrupted', 'waiting', 'failed'] as const) {
    await metrics.watch(trial, () => Promise.resolve({ trial, status }));
  }
  const broken = metrics.watch(trial, () => Promise.reject(new Error('no space')));
  await expect(broken).rejects.toThrow('no space');
  expect(await samples(registry)).toEqual(['wgrad_trials_running 0', ...counts(0, 2, 1)]);
});
