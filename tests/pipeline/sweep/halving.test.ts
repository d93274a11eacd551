import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration, parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { EmbeddedRunner } from '../../../src/pipeline/sweep/embedded.ts';
import type { TrialRunner } from '../../../src/pipeline/sweep/runner.ts';
import { compareStandings } from '../../../src/pipeline/sweep/score.ts';
import { isPromoted, SuccessiveHalving } from '../../../src/pipeline/sweep/search/halving.ts';
import { withHistory } from '../../../src/pipeline/sweep/search/history.ts';
import { plannedSource } from '../../../src/pipeline/sweep/source.ts';
import { makeSweepFolder, runSweep, type SweepResult } from '../../../src/pipeline/sweep/sweep.ts';
import { tableText, trialRecords, type TrialState } from '../../../src/pipeline/sweep/table.ts';
import { makeTrial, prepareTrial, type Trial } from '../../../src/pipeline/sweep/trial.ts';
import { bestUntil, validationsOf } from '../../../src/pipeline/sweep/validations.ts';
import { temporaryFolder } from '../files/disks.ts';

const ASHA = { name: 'asha', reductionFactor: 3, minEpochs: 1 } as const;
const BEST = { metric: 'accuracy' } as const;
const EPOCHS = 9;

function makeTrials(runs: string, seeds: readonly number[]): Trial[] {
  return seeds.map((seed) => {
    const base = { name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' }, run: { dir: runs } };
    const configuration = parseConfiguration({ ...base, seed, train: { epochs: EPOCHS } });
    return makeTrial([`seed=${seed}`], configuration, { data: 'd', code: 'c' });
  });
}

/** The accuracy of a trial grows with its seed and, slowly, with the epochs. */
const accuracyOf = (seed: number, epoch: number): number => seed / 100 + epoch / 1000;

const record = (seed: number, epoch: number): string => {
  const metrics = { loss: 1, accuracy: accuracyOf(seed, epoch) };
  return `${JSON.stringify({ kind: 'validation', epoch, step: epoch, metrics })}\n`;
};

/** Writes the run of a trial that has finished. */
async function finish(trial: Trial): Promise<TrialState> {
  await prepareTrial(trial);
  const { seed } = trial.configuration;
  const records = Array.from({ length: EPOCHS }, (_, index) => record(seed, index + 1));
  writeFileSync(join(trial.path, 'metrics.jsonl'), records.join(''));
  const summary = {
    validation: { loss: 1, accuracy: accuracyOf(seed, EPOCHS) },
    testAccuracy: 0,
    testLoss: 1,
    epochs: EPOCHS,
    seconds: 1,
  };
  writeFileSync(join(trial.path, 'summary.json'), JSON.stringify(summary));
  return { trial, status: 'finished', summary: summary as never };
}

interface Run {
  readonly runs: string;
  readonly seeds: readonly number[];
  readonly runner: TrialRunner;
  readonly lines?: string[];
}

async function sweep({ runs, seeds, runner, lines = [] }: Run): Promise<SweepResult & { journal: string }> {
  const trials = makeTrials(runs, seeds);
  const folder = makeSweepFolder(runs, 'halved');
  const result = await withHistory(
    folder,
    (history) =>
      runSweep({
        source: plannedSource(trials, ['seed']),
        folder,
        best: BEST,
        runner,
        halving: new SuccessiveHalving(ASHA, BEST, history),
        report: (line) => void lines.push(line),
      }),
    trials,
  );
  return { ...result, journal: readFileSync(join(folder, 'journal.jsonl'), 'utf8') };
}

/** Trains in this process, one trial after the other, and stops where it is told; `late`: it is told at the end only. */
function instant({ late = false, epochs = EPOCHS }: { late?: boolean; epochs?: number } = {}): TrialRunner & {
  trained: Map<number, number>;
} {
  const trained = new Map<number, number>();
  let before: Promise<unknown> = Promise.resolve();
  return {
    trained,
    run(trial, judge) {
      const work = async (): Promise<TrialState> => {
        const { seed } = trial.configuration;
        const all = await finish(trial);
        const seen = validationsOf(trial);
        for (let epoch = 1; epoch <= epochs; epoch++) {
          trained.set(seed, epoch);
          const told = { epoch, best: seen.best.filter(([at]) => at <= epoch) };
          if (late || epoch === EPOCHS || judge!(told)) continue;
          writeFileSync(join(trial.path, 'metrics.jsonl'), '');
          return { trial, status: 'pruned' };
        }
        return epochs < EPOCHS ? { trial, status: 'interrupted' } : all;
      };
      const end = before.then(work);
      before = end;
      return end;
    },
    close: () => Promise.resolve(),
  };
}

const statuses = ({ states }: SweepResult): string[] =>
  states.map(
    ({ trial, status, pruned }) => `${trial.configuration.seed} ${status}${pruned ? ` ${pruned.epoch}` : ''}`,
  );

describe('successive halving', () => {
  it('promotes the best third of those that were there, at least one, and equals', () => {
    const promoted = (value: number | null, others: (number | null)[]): boolean =>
      isPromoted(value, others, ASHA, BEST);
    expect(promoted(0.1, [])).toBe(true);
    expect(promoted(0.1, [0.2])).toBe(false);
    expect(promoted(0.2, [0.2])).toBe(true);
    expect(promoted(0.5, [0.6, 0.1, 0.2, 0.3])).toBe(false);
    expect(promoted(0.5, [0.6, 0.1, 0.2, 0.3, 0.4])).toBe(true);
    expect(promoted(0.5, [0.6, 0.7, 0.2, 0.3, 0.4])).toBe(false);
    expect(promoted(null, [])).toBe(false);
    expect(promoted(0.5, [null, null])).toBe(true);
    expect(isPromoted(0.5, [0.6], ASHA, { metric: 'loss' })).toBe(true);
    expect(isPromoted(0.5, [0.6], ASHA, { metric: 'accuracy', mode: 'min' })).toBe(true);
  });

  it('orders the trials that were stopped behind those with a result, the later the better', () => {
    const states = [
      { score: -Infinity },
      { score: 0.9, stoppedAt: 1 },
      { score: 0.1 },
      { score: 0.2, stoppedAt: 3 },
      { score: 0.3, stoppedAt: 3 },
    ];
    expect(states.toSorted(compareStandings)).toEqual([
      states[2],
      states[4],
      states[3],
      states[1],
      states[0],
    ]);
  });

  it('takes the best validation until a rung', async () => {
    const [trial] = makeTrials(temporaryFolder(), [1]);
    expect(validationsOf(trial!)).toEqual({ epoch: 0, best: [] });
    await prepareTrial(trial!);
    const values = ['NaN', 0.5, 0.4, 0.6, 0.6];
    const lines = values.map((accuracy, index) =>
      JSON.stringify({ kind: 'validation', epoch: index + 1, step: 1, metrics: { loss: 1, accuracy } }),
    );
    writeFileSync(join(trial!.path, 'metrics.jsonl'), `${lines.join('\n')}\n{"kind":"vali`);
    const validations = validationsOf(trial!);
    expect(validations).toEqual({
      epoch: 5,
      best: [
        [2, 0.5],
        [4, 0.6],
      ],
    });
    expect([1, 2, 3, 4, 9].map((epoch) => bestUntil(validations, epoch))).toEqual([
      undefined,
      0.5,
      0.5,
      0.6,
      0.6,
    ]);
  });
});

const SEEDS = [40, 10, 50, 20, 45, 60, 30];
/** 40 and 50 and 60 are the best when they come; 45 is among the best third only at the first rung, not yet of five. */
const EXPECTED = [
  '60 finished',
  '50 finished',
  '40 finished',
  '45 pruned 1',
  '30 pruned 1',
  '20 pruned 1',
  '10 pruned 1',
];

describe('a sweep with asha', () => {
  it('stops bad trials, shows where, and trains them no further', async () => {
    const runner = instant();
    const lines: string[] = [];
    const result = await sweep({ runs: temporaryFolder(), seeds: SEEDS, runner, lines });
    expect(statuses(result)).toEqual(EXPECTED);
    expect(Object.fromEntries(runner.trained)).toEqual({ 10: 1, 20: 1, 30: 1, 40: 9, 45: 1, 50: 9, 60: 9 });
    expect(lines).toContain('2/7  seed=10: pruned after epoch 1');
    const rows = tableText(result.states).split('\n');
    expect(rows[1]).toMatch(/^1 +60 +0\.6090 +1\.0000 +0\.0000 +1\.0000 +9 +1 +finished/);
    expect(rows[4]).toMatch(/^ +45 +0\.4510 +1 +pruned/);
    expect(trialRecords(result.states)[3]).toMatchObject({
      status: 'pruned',
      pruned: { epoch: 1, metric: 'accuracy', value: 0.451 },
      summary: null,
    });
  });

  it('decides the same however late it is told', async () => {
    const [early, late] = [
      await sweep({ runs: temporaryFolder(), seeds: SEEDS, runner: instant() }),
      await sweep({ runs: temporaryFolder(), seeds: SEEDS, runner: instant({ late: true }) }),
    ];
    expect(late.journal).toBe(early.journal);
    expect(statuses(late)).toEqual(EXPECTED);
  });

  it('decides the same where trials were finished before', async () => {
    const runs = temporaryFolder();
    for (const trial of makeTrials(runs, [40, 10, 50])) await finish(trial);
    const runner = instant();
    const result = await sweep({ runs, seeds: SEEDS, runner });
    expect(statuses(result)).toEqual(EXPECTED);
    expect([...runner.trained.keys()]).toEqual([20, 45, 60, 30]);
  });

  it('keeps its decisions when it begins again, and reports no rung twice', async () => {
    const runs = temporaryFolder();
    const first = await sweep({ runs, seeds: SEEDS, runner: instant({ epochs: 4 }) });
    // All that go on were stopped within epoch 4.
    expect(statuses(first).filter((status) => status.includes('pruned'))).toEqual(EXPECTED.slice(3));
    for (const trial of makeTrials(runs, SEEDS)) {
      const summary = join(trial.path, 'summary.json');
      if (existsSync(summary)) writeFileSync(summary, '');
    }
    const runner = instant();
    const lines: string[] = [];
    const second = await sweep({ runs, seeds: SEEDS, runner, lines });
    expect(statuses(second)).toEqual(EXPECTED);
    expect(lines[0]).toBe('7 trials, 0 of them finished and 4 pruned before');
    expect([...runner.trained.keys()]).toEqual([40, 50, 60]);
    expect(second.journal.startsWith(first.journal)).toBe(true);
    const rungs = second.journal
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; epoch: number });
    expect(new Set(rungs.map(({ id, epoch }) => `${id} ${epoch}`)).size).toBe(rungs.length);
    const third = await sweep({ runs, seeds: SEEDS, runner });
    expect(third.journal).toBe(second.journal);
  });

  it('can be replayed from its journal', async () => {
    const { journal } = await sweep({ runs: temporaryFolder(), seeds: SEEDS, runner: instant() });
    const rungs = journal
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { epoch: number; value: number; goesOn: boolean });
    for (const [index, { epoch, value, goesOn }] of rungs.entries()) {
      const others = rungs.slice(0, index).filter((each) => each.epoch === epoch);
      expect(
        isPromoted(
          value,
          others.map((each) => each.value),
          ASHA,
          BEST,
        ),
      ).toBe(goesOn);
    }
    // Rungs at 1 and 3, none at 9, where a trial ends.
    expect(rungs.map(({ epoch }) => epoch).toSorted()).toEqual([1, 1, 1, 1, 1, 1, 1, 3, 3, 3]);
  });
});

/** Stands for a training: an epoch, then it waits for the next, until SIGINT; seeds from 40 on finish. */
const TRAIN = `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const path = process.argv.at(-1);
const seed = Number(/^seed: (\\d+)$/m.exec(readFileSync(path + '/config.yaml', 'utf8'))[1]);
const accuracy = (epoch) => seed / 100 + epoch / 1000;
const validate = (epoch) => {
  const metrics = { loss: 1, accuracy: accuracy(epoch) };
  appendFileSync(path + '/metrics.jsonl', JSON.stringify({ kind: 'validation', epoch, step: epoch, metrics }) + '\\n');
  writeFileSync(path + '/checkpoints/last', String(epoch));
};
process.on('SIGINT', () => process.exit(130));
validate(1);
if (seed < 40) setInterval(() => undefined, 1000);
else {
  for (let epoch = 2; epoch <= 9; epoch++) validate(epoch);
  const summary = { validation: { loss: 1, accuracy: accuracy(9) }, testAccuracy: 0, testLoss: 1, epochs: 9, seconds: 1 };
  writeFileSync(path + '/summary.json', JSON.stringify(summary));
}
`;

it('the trials of this machine are stopped by the same decisions', async () => {
  const runs = temporaryFolder();
  const script = join(runs, 'train.mjs');
  writeFileSync(script, TRAIN);
  const { signal } = new AbortController();
  const runner = new EmbeddedRunner({ jobs: 1, command: [process.execPath, script], signal });
  // Those below 40 would never end.
  const result = await sweep({ runs, seeds: SEEDS, runner });
  expect(statuses(result)).toEqual(EXPECTED);
  const { journal } = await sweep({ runs: temporaryFolder(), seeds: SEEDS, runner: instant() });
  const told = (text: string): unknown[] =>
    text
      .trim()
      .split('\n')
      .map((line) => ({ ...(JSON.parse(line) as object), id: '' }));
  expect(told(result.journal)).toEqual(told(journal));
});

describe('sweep.earlyStopping', () => {
  it('has defaults', () => {
    const { sweep } = loadConfiguration('configs/mlp.yaml', ['sweep.earlyStopping.name=asha']);
    expect(sweep!.earlyStopping).toEqual(ASHA);
  });

  it.each([
    ['{name: hyperband}', 'sweep.earlyStopping.name', 'asha'],
    ['{reductionFactor: 3}', 'sweep.earlyStopping.name', 'asha'],
    ['{name: asha, reductionFactor: 1}', 'sweep.earlyStopping.reductionFactor', 'whole number ≥ 2'],
    ['{name: asha, reductionFactor: .nan}', 'sweep.earlyStopping.reductionFactor', 'whole number ≥ 2'],
    ['{name: asha, reductionFactor: 2.5}', 'sweep.earlyStopping.reductionFactor', 'whole number ≥ 2'],
    ['{name: asha, minEpochs: 0}', 'sweep.earlyStopping.minEpochs', 'whole number ≥ 1'],
    ['{name: asha, minEpochs: -.inf}', 'sweep.earlyStopping.minEpochs', 'whole number ≥ 1'],
    [
      '{name: asha, minEpoch: 1}',
      'sweep.earlyStopping.minEpoch',
      'did you mean sweep.earlyStopping.minEpochs?',
    ],
    ['asha', 'sweep.earlyStopping', 'a section with name, reductionFactor, minEpochs'],
  ])('refuses %s', (text, key, takes) => {
    const load = () => loadConfiguration('configs/mlp.yaml', [`sweep.earlyStopping=${text}`]);
    expect(load).toThrow(key);
    expect(load).toThrow(takes);
  });
});
