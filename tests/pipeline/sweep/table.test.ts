import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { judged } from '../../../src/pipeline/sweep/score.ts';
import { ranked, tableText, type TrialState, writeTable } from '../../../src/pipeline/sweep/table.ts';
import { makeTrial } from '../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../files/disks.ts';

const configuration = parseConfiguration({
  name: 'test',
  model: { name: 'mlp' },
  optimizer: { name: 'adam' },
});

function state(lr: string, validation?: { accuracy: number; loss: number }): TrialState {
  const trial = makeTrial(
    [`optimizer.lr=${lr}`, 'model.hidden=[16, 8]', `name=${lr}`],
    { ...configuration, seed: lr.length },
    { data: 'd', code: 'c' },
  );
  if (!validation) return { trial, status: 'failed', message: 'The loss became NaN\nlook at "it"' };
  const summary = {
    validation,
    testAccuracy: 0.5,
    testLoss: 1,
    epochs: 3,
    seconds: 12.3,
  } as RunSummary;
  return { trial, status: 'finished', summary };
}

const states = [
  state('9'),
  state('1', { accuracy: 0.5, loss: 0.1 }),
  state('22', { accuracy: 0.75, loss: 0.3 }),
  state('333', { accuracy: 0.6, loss: NaN }),
];
const order = (metric: 'loss' | 'accuracy', mode?: 'min' | 'max'): string[] =>
  ranked(states, { metric, ...(mode && { mode }) }).map(({ trial }) => trial.overrides[0]!.split('=')[1]!);

it('ranks by the validation, what has no result or none that is finite last', () => {
  expect(order('accuracy')).toEqual(['22', '333', '1', '9']);
  expect(order('accuracy', 'min')).toEqual(['1', '333', '22', '9']);
  expect(order('loss')).toEqual(['1', '22', '9', '333']);
});

it('ranks autoencoders by their loss, and those that have no accuracy last', () => {
  const coder = (lr: string, loss: number): TrialState => {
    const { trial, summary } = state(lr, { accuracy: 0, loss });
    const { testAccuracy: _, ...others } = {
      ...summary!,
      validation: { loss, reconstruction: loss - 1, kl: 1 },
    };
    return { trial, status: 'finished', summary: others };
  };
  const coders = [coder('1', 250), coder('22', 240)];
  const ids = (all: readonly TrialState[]): string[] =>
    all.map(({ trial }) => trial.overrides[0]!.split('=')[1]!);
  expect(ids(ranked(coders, { metric: 'loss' }))).toEqual(['22', '1']);
  expect(ids(ranked([...coders, states[1]!], { metric: 'accuracy' }))).toEqual(['1', '1', '22']);
  const [, first] = tableText(ranked(coders, { metric: 'loss' })).split('\n');
  expect(first).toMatch(/^1 +22 +22 +240\.0000 +1\.0000 +3 /);
  const untested = { ...coders[0]!.summary!, validation: null };
  expect(judged(untested)).toEqual({ loss: 1 });
  expect(judged({ ...untested, testAccuracy: 0.5 })).toEqual({ loss: 1, accuracy: 0.5 });
});

it('prints a table with the keys that vary, and says why a trial failed', () => {
  const text = tableText(ranked(states, { metric: 'accuracy' })).replaceAll(/runs\/test-\w+/g, 'RUN');
  expect(text).toMatchInlineSnapshot(`
    "rank  optimizer.lr  name  validation accuracy  validation loss  test accuracy  test loss  epochs  seconds  status    run
    1     22            22    0.7500               0.3000           0.5000         1.0000     3       12       finished  RUN
    2     333           333   0.6000               NaN              0.5000         1.0000     3       12       finished  RUN
    3     1             1     0.5000               0.1000           0.5000         1.0000     3       12       finished  RUN
          9             9                                                                                      failed    RUN

    RUN failed:
      The loss became NaN
      look at "it""
  `);
});

it('writes the same as JSON and CSV', async () => {
  const folder = temporaryFolder();
  await writeTable(folder, ranked(states, { metric: 'accuracy' }));
  const json = JSON.parse(readFileSync(join(folder, 'sweep.json'), 'utf8')) as {
    trials: Record<string, unknown>[];
  };
  expect(json.trials[0]).toMatchObject({
    overrides: { 'optimizer.lr': '22', 'model.hidden': '[16, 8]' },
    status: 'finished',
    summary: { validation: { accuracy: 0.75 } },
    versions: { data: 'd', code: 'c' },
  });
  expect(json.trials[3]).toMatchObject({ status: 'failed', summary: null });
  const lines = readFileSync(join(folder, 'sweep.csv'), 'utf8').split('\r\n');
  expect(lines[0]).toBe(
    'rank,optimizer.lr,name,validation accuracy,validation loss,test accuracy,test loss,epochs,seconds,status,run',
  );
  expect(lines[1]).toMatch(/^1,22,22,0.7500,0.3000,0.5000,1.0000,3,12,finished,runs/);
  expect(lines).toHaveLength(6);
});
