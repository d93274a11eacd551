import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { hasRedis, type RedisServer, startRedis } from '../../../../bench/queue/redisServer.ts';
import { parseConfiguration } from '../../../../src/pipeline/config/configuration.ts';
import { TrialArtifacts } from '../../../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { type ArtifactStore, FolderStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { QueueRunner } from '../../../../src/pipeline/sweep/queue/runner.ts';
import { SweepWorker, type WorkerOptions } from '../../../../src/pipeline/sweep/queue/worker.ts';
import type { RunTrial } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { makeTrial, prepareTrial, type Trial } from '../../../../src/pipeline/sweep/trial.ts';
import { skipMissing } from '../../../tools/missing.ts';
import { temporaryFolder } from '../../files/disks.ts';

/** A Redis server that ends with the test; the test is skipped where there is none. */
export async function redisForTest(context: TestContext): Promise<RedisServer> {
  if (!hasRedis()) skipMissing(context, 'needs redis-server (Debian: apt-get install redis-server)');
  const server = await startRedis(temporaryFolder());
  onTestFinished(() => server.kill());
  return server;
}

/** Trials that differ in their seed, with folders of their own. */
export function makeTrials(count: number): Trial[] {
  const dir = temporaryFolder();
  return Array.from({ length: count }, (_, seed) => {
    const configuration = parseConfiguration({
      name: 'x',
      seed,
      model: { name: 'mlp' },
      optimizer: { name: 'adam' },
      run: { dir },
    });
    return makeTrial([`seed=${seed}`], configuration, { data: 'd', code: 'c' });
  });
}

/** Stores a summary as the result of a trial, without training. */
export async function finish(trial: Trial, store: ArtifactStore, seconds = 1): Promise<void> {
  await prepareTrial(trial);
  const summary = {
    testAccuracy: trial.configuration.seed / 100,
    testLoss: 1,
    validation: null,
    epochs: 1,
    seconds,
  };
  writeFileSync(join(trial.path, 'summary.json'), JSON.stringify(summary));
  await new TrialArtifacts(store, trial.id).saveResult(trial.path);
}

export const finishing: RunTrial = async (trial, { store }) => {
  await finish(trial, store);
  return { status: 'finished' };
};

/** A sweep's planner and workers on one Redis, all of them closed when the test ends. */
export function sweepOn(url: string): {
  store: ArtifactStore;
  lines: string[];
  planner: (name?: string) => QueueRunner;
  worker: (options?: Partial<WorkerOptions>) => { stop: () => Promise<void> };
} {
  const store = new FolderStore(temporaryFolder());
  const lines: string[] = [];
  const report = (line: string): void => void lines.push(line);
  return {
    store,
    lines,
    planner(sweep = 'test') {
      const { signal } = new AbortController();
      const runner = new QueueRunner({ url, label: 'any', store, sweep, signal, report });
      onTestFinished(() => runner.close());
      return runner;
    },
    worker(options = {}) {
      const stop = new AbortController();
      const ended = new SweepWorker({
        url,
        labels: ['any'],
        concurrency: 1,
        store,
        work: temporaryFolder(),
        // Longer than a busy machine lets a process wait.
        stalledAfter: 30_000,
        grace: 0,
        signal: stop.signal,
        report,
        runTrial: finishing,
        check: () => Promise.resolve(),
        ...options,
      }).run();
      const end = async (): Promise<void> => {
        stop.abort();
        await ended;
      };
      onTestFinished(end);
      return { stop: end };
    },
  };
}
