// Trials that do nothing, as a planner submits and a worker runs them: a process of its own, for its memory and its time.
import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfiguration } from '../../src/pipeline/config/configuration.ts';
import { TrialArtifacts } from '../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { FolderStore } from '../../src/pipeline/sweep/artifacts/store.ts';
import { QueueRunner } from '../../src/pipeline/sweep/queue/runner.ts';
import { SweepWorker } from '../../src/pipeline/sweep/queue/worker.ts';
import type { RunTrial } from '../../src/pipeline/sweep/queue/workTrial.ts';
import { plannedSource } from '../../src/pipeline/sweep/source.ts';
import { makeSweepFolder, runSweep } from '../../src/pipeline/sweep/sweep.ts';
import { makeTrial, prepareTrial } from '../../src/pipeline/sweep/trial.ts';

const [role, url, folder, count] = process.argv.slice(2) as [string, string, string, string];
const store = new FolderStore(join(folder, 'store'));
const report = (): void => undefined;

function use(): { cpuSeconds: number; rss: number; heapUsed: number } {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuSeconds: (user + system) / 1e6, rss, heapUsed };
}

async function plan(): Promise<void> {
  const dir = join(folder, 'runs');
  const base = { name: 'empty', model: { name: 'mlp' }, optimizer: { name: 'adam' }, run: { dir } };
  const trials = Array.from({ length: Number(count) }, (_, seed) =>
    makeTrial([`seed=${seed}`], parseConfiguration({ ...base, seed }), { data: 'd', code: 'c' }),
  );
  const before = use();
  let peak = before.rss;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
  const start = performance.now();
  const { signal } = new AbortController();
  const runner = new QueueRunner({ url, label: 'any', store, sweep: 'empty', signal, report });
  process.stdout.write('submitting\n');
  const { states } = await runSweep({
    source: plannedSource(trials, ['seed']),
    folder: makeSweepFolder(dir, 'empty'),
    best: { metric: 'accuracy' },
    runner,
    report,
  });
  clearInterval(watch);
  await runner.close();
  const seconds = (performance.now() - start) / 1000;
  const finished = states.filter(({ status }) => status === 'finished').length;
  process.stdout.write(`${JSON.stringify({ seconds, finished, peak, before, after: use() })}\n`);
}

const nothing: RunTrial = async (trial, { store }) => {
  await prepareTrial(trial);
  const summary = {
    testAccuracy: trial.configuration.seed,
    testLoss: 1,
    validation: null,
    seconds: 0,
    epochs: 0,
  };
  writeFileSync(join(trial.path, 'summary.json'), JSON.stringify(summary));
  await new TrialArtifacts(store, trial.id).saveResult(trial.path);
  return { status: 'finished' };
};

/** Only what the queue itself takes. */
const idle: RunTrial = () => Promise.resolve({ status: 'finished' });

async function work(runTrial: RunTrial): Promise<void> {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  const before = use();
  const worker = new SweepWorker({
    url,
    labels: ['any'],
    concurrency: Number(count),
    store,
    work: join(folder, `work-${process.pid}`),
    stalledAfter: 30_000,
    grace: 0,
    signal: stop.signal,
    report,
    runTrial,
    check: () => Promise.resolve(),
  });
  process.stdout.write('working\n');
  await worker.run();
  process.stdout.write(`${JSON.stringify({ before, after: use() })}\n`);
}

/** Many workers in one process, each with connections of its own, which hold a trial each or wait for one. */
async function crowd(): Promise<void> {
  const stop = new AbortController();
  setMaxListeners(Number(count) + 1, stop.signal);
  process.on('SIGTERM', () => stop.abort());
  const holding: RunTrial = async (_trial, { signal }) => {
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return { status: 'interrupted' };
  };
  const workers = Array.from({ length: Number(count) }, () =>
    new SweepWorker({
      url,
      labels: ['any'],
      concurrency: 1,
      store,
      work: folder,
      stalledAfter: 30_000,
      grace: 0,
      signal: stop.signal,
      report,
      runTrial: holding,
      check: () => Promise.resolve(),
    }).run(),
  );
  process.stdout.write('working\n');
  await Promise.all(workers);
}

if (role === 'plan') await plan();
else if (role === 'crowd') await crowd();
else await work(role === 'idle' ? idle : nothing);
