import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfiguration } from '../../../../src/pipeline/config/configuration.ts';
import { type Overrides, parseAxes } from '../../../../src/pipeline/sweep/axes.ts';
import { withHistory } from '../../../../src/pipeline/sweep/search/history.ts';
import { searchSource } from '../../../../src/pipeline/sweep/search/searchSource.ts';
import { makeSweepFolder, runSweep, type SweepResult } from '../../../../src/pipeline/sweep/sweep.ts';
import { makeTrial, type Trial } from '../../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { redisForTest, sweepOn } from './fixture.ts';

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
