import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { jsonText } from '../../../src/pipeline/files/json.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { tableText } from '../../../src/pipeline/sweep/table.ts';
import { makeTrial, prepareTrial, type Trial, trialSummary } from '../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../files/disks.ts';

function newTrial(): Trial {
  const configuration = parseConfiguration({
    name: 'x',
    model: { name: 'mlp' },
    optimizer: { name: 'adam' },
    run: { dir: temporaryFolder() },
  });
  return makeTrial(['seed=0'], configuration, { data: 'd', code: 'c' });
}

const whole = {
  testLoss: 1,
  testAccuracy: 0.5,
  validation: { loss: 2, accuracy: 0.25 },
  epochs: 3,
  seconds: 4,
};

/** The summary of a trial whose file has a text. */
async function read(trial: Trial, text: string): Promise<RunSummary | undefined> {
  await prepareTrial(trial);
  writeFileSync(join(trial.path, 'summary.json'), text);
  return trialSummary(trial);
}

it('a trial has a summary only where its file is one', async () => {
  const trial = newTrial();
  expect(await trialSummary(trial)).toBeUndefined();
  for (const wrong of [
    '',
    '{"testLoss":',
    'null',
    '[]',
    '"x"',
    '{}',
    JSON.stringify({ ...whole, testLoss: '1' }),
    JSON.stringify({ ...whole, validation: {} }),
    JSON.stringify({ ...whole, seconds: null }),
  ]) {
    expect(await read(trial, wrong), wrong).toBeUndefined();
  }
  expect(await read(trial, JSON.stringify({ ...whole, steps: 7 }))).toEqual({ ...whole, steps: 7 });
});

it('a summary keeps losses that are no numbers, and the table shows them', async () => {
  const trial = newTrial();
  const diverged = { ...whole, testLoss: Infinity, validation: { loss: NaN } };
  const summary = (await read(trial, jsonText(diverged)))!;
  expect(summary).toEqual(diverged);
  expect(tableText([{ trial, status: 'finished', summary }])).toMatch(/NaN +0.5000 +Infinity/);
});
