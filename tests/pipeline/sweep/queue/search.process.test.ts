import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parseConfiguration } from '../../../../src/pipeline/config/configuration.ts';
import { TrialArtifacts } from '../../../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { type Overrides, parseAxes } from '../../../../src/pipeline/sweep/axes.ts';
import {
  findSweep,
  jobStatuses,
  retry,
  sweepStatuses,
} from '../../../../src/pipeline/sweep/queue/control.ts';
import type { RunTrial } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { SuccessiveHalving } from '../../../../src/pipeline/sweep/search/halving.ts';
import { withHistory } from '../../../../src/pipeline/sweep/search/history.ts';
import { searchSource } from '../../../../src/pipeline/sweep/search/searchSource.ts';
import { plannedSource } from '../../../../src/pipeline/sweep/source.ts';
import { makeSweepFolder, runSweep, type SweepResult } from '../../../../src/pipeline/sweep/sweep.ts';
import { makeTrial, type Trial } from '../../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { finish, finishing, redisForTest, sweepOn } from './fixture.ts';

it('a search runs on workers, and finds again what is in the store', async (context) => {
  const { url } = await redisForTest(context);
  const { planner, worker } = sweepOn(url);
  worker({ concurrency: 2 });
  const search = async (): Promise<SweepResult> => {
    const dir = temporaryFolder();
    const folder = makeSweepFolder(dir, 'search');
    const make = (overrides: Overrides): Promise<Trial> => {
      const seed = Number(overrides[0]!.split('=')[1]);
      const base = { name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' }, run: { dir } };
      return Promise.resolve(
        makeTrial(overrides, parseConfiguration({ ...base, seed }), { data: 'd', code: 'c' }),
      );
    };
    const best = { metric: 'accuracy' } as const;
    const axes = parseAxes(['seed=int(0,100)']);
    const options = { axes, total: 12, lanes: 1, best, seed: 1, startupTrials: 4, make };
    return withHistory(folder, async (history) =>
      runSweep({
        source: await searchSource({ ...options, history }),
        folder,
        best,
        runner: planner(),
        report: () => undefined,
      }),
    );
  };
  const [one, other] = [await search(), await search()];
  expect(one.states.map(({ status }) => status)).toEqual(Array(12).fill('finished'));
  const journal = ({ folder }: SweepResult): string => readFileSync(join(folder, 'journal.jsonl'), 'utf8');
  expect(journal(other)).toBe(journal(one));
  // The accuracy is a hundredth of the seed.
  expect(one.states[0]!.summary!.testAccuracy).toBeGreaterThan(0.9);
});

const ASHA = { name: 'asha', reductionFactor: 2, minEpochs: 1 } as const;
const BEST = { metric: 'accuracy' } as const;

/** Tells its first epoch, whose accuracy is a hundredth of the seed; then the better ones end, and the others wait. */
const waiting: RunTrial = async (trial, { store, progress, signal }) => {
  const { seed } = trial.configuration;
  const validations = { epoch: 1, best: [[1, seed / 100]] } as const;
  // A worker that took the trial over tells the epoch again.
  for (let times = 0; times < 2; times++) progress({ epoch: 1, validations });
  if (seed < 50 && !signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  if (signal.aborted) return { status: 'interrupted' };
  await finish(trial, store);
  return { status: 'finished' };
};

it('workers stop the trials that a sweep prunes, and no trial of another sweep', async (context) => {
  const { url } = await redisForTest(context);
  const { planner, worker, store } = sweepOn(url);
  const { stop } = worker({ runTrial: waiting });
  const seeds = [60, 10, 20, 70];
  const dir = temporaryFolder();
  const trials = seeds.map((seed) => {
    const base = { name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' }, run: { dir } };
    return makeTrial([`seed=${seed}`], parseConfiguration({ ...base, seed }), { data: 'd', code: 'c' });
  });
  const folder = makeSweepFolder(dir, 'halved');
  const lines: string[] = [];
  const sweep = (): Promise<SweepResult> =>
    withHistory(
      folder,
      (history) =>
        runSweep({
          source: plannedSource(trials, ['seed']),
          folder,
          best: BEST,
          runner: planner('halved'),
          halving: new SuccessiveHalving(ASHA, BEST, history),
          report: (line) => void lines.push(line),
        }),
      trials,
    );
  const statuses = ({ states }: SweepResult): string[] =>
    states.map(({ trial, status }) => `${trial.configuration.seed} ${status}`);
  const first = await sweep();
  expect(statuses(first)).toEqual(['70 finished', '60 finished', '20 pruned', '10 pruned']);
  expect(first.states[2]!.pruned).toEqual({ epoch: 1, metric: 'accuracy', value: 0.2 });
  const journal = readFileSync(join(folder, 'journal.jsonl'), 'utf8');
  const rungs = journal
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; goesOn: boolean });
  expect(rungs.filter(({ goesOn }) => !goesOn).map(({ id }) => id)).toEqual([trials[1]!.id, trials[2]!.id]);

  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  const status = await findSweep(redis, 'halved');
  await vi.waitFor(async () =>
    expect((await sweepStatuses(redis))[0]!.counts).toMatchObject({
      running: 0,
      failed: 0,
      pruned: 2,
      cancelled: 0,
    }),
  );
  expect((await jobStatuses(redis, status)).map(({ state }) => state)).toEqual(['pruned', 'pruned']);
  // What the sweep has stopped stays so: here, and when the planner begins again.
  expect(await retry(redis, status)).toBe(0);
  expect(statuses(await sweep())).toEqual(statuses(first));
  expect(lines).toContain('4 trials, 2 of them finished and 2 pruned before');
  expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8')).toBe(journal);

  // Another sweep trains such a trial to its end.
  await stop();
  worker({ runTrial: finishing });
  const running = planner('other').run(trials[1]!);
  expect(await running).toMatchObject({ status: 'finished' });
  expect(await new TrialArtifacts(store, trials[1]!.id).isFinished()).toBe(true);
});
