import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FileError } from '../../../../src/pipeline/files/fileError.ts';
import { Interruption } from '../../../../src/pipeline/training/errors.ts';
import { FolderStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { TrialArtifacts } from '../../../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { RefusedError } from '../../../../src/pipeline/sweep/queue/checks.ts';
import {
  cancel,
  findSweep,
  jobStatuses,
  sweepStatuses,
} from '../../../../src/pipeline/sweep/queue/control.ts';
import { jobId } from '../../../../src/pipeline/sweep/queue/payload.ts';
import { statusText } from '../../../../src/pipeline/sweep/queue/statusText.ts';
import { type RunTrial, trainFromStore } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { finishing, makeTrials, redisForTest, sweepOn } from './fixture.ts';

function redisAt(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  onTestFinished(() => redis.disconnect());
  return redis;
}

/** Redis with a sweep's planner and workers. */
async function start(
  context: Parameters<typeof redisForTest>[0],
): Promise<ReturnType<typeof sweepOn> & { redis: Redis }> {
  const { url } = await redisForTest(context);
  return { ...sweepOn(url), redis: redisAt(url) };
}

describe('what a machine lacks', () => {
  const disk = new FileError('/tmp/x', 'cannot be written: no space (ENOSPC)', { code: 'ENOSPC' });
  const raw = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });

  it('leaves its trials to others, and says why', async (context) => {
    const { planner, worker, redis, lines } = await start(context);
    const faults = [disk, raw];
    const failing: RunTrial = (_, { warn }) => {
      warn('tried');
      return Promise.reject(faults[lines.filter((line) => line === 'tried').length - 1] ?? disk);
    };
    const broken = [worker({ runTrial: failing }), worker({ runTrial: failing })];
    const running = planner().run(makeTrials(1)[0]!);
    await vi.waitFor(() => {
      expect(lines).toContain(`refused: ${disk.message}`);
      expect(lines).toContain(`refused: ${raw.message}`);
      // The second is taken half a second after the first.
    }, 30_000);
    await vi.waitFor(async () => {
      const [trial] = await jobStatuses(redis, await findSweep(redis, 'test'));
      expect(trial).toMatchObject({ state: 'waiting', why: raw.message });
    });
    for (const { stop } of broken) await stop();
    // Where KEDA counts it; see deploy/base/worker.
    expect(await redis.zcard('wgrad:trials-any:delayed')).toBe(1);
    worker();
    expect(await running).toMatchObject({ status: 'finished' });
  });

  it('is told from a trial that fails because of itself', async () => {
    const program = join(temporaryFolder(), 'train.mjs');
    const runTrial = trainFromStore([process.execPath, program]);
    const [trial] = makeTrials(1);
    const { store } = sweepOn('redis://127.0.0.1:9');
    const run = (text: string): ReturnType<RunTrial> => {
      writeFileSync(program, `console.error(${JSON.stringify(text)}); process.exit(1);`);
      const { signal } = new AbortController();
      const work = { store, signal, progress: () => undefined, warn: () => undefined };
      return runTrial({ ...trial!, sweep: 'test', path: join(temporaryFolder(), 'trial') }, work);
    };
    expect(await run('The loss became NaN')).toMatchObject({ status: 'failed' });
    await expect(
      run('runs/x/last.safetensors: cannot be written: the disk is full (ENOSPC)'),
    ).rejects.toThrow(
      new RefusedError('runs/x/last.safetensors: cannot be written: the disk is full (ENOSPC)'),
    );
  });
});

it('a worker that is stopped while it fetches data puts the trial back', async (context) => {
  const { planner, worker } = await start(context);
  const steps: string[] = [];
  const check = async (_: unknown, signal: AbortSignal): Promise<void> => {
    steps.push('fetching');
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    throw new Interruption('stopped');
  };
  const { stop } = worker({ check, grace: 60_000 });
  const running = planner().run(makeTrials(1)[0]!);
  await vi.waitFor(() => expect(steps).toEqual(['fetching']));
  await stop();
  worker();
  expect(await running).toMatchObject({ status: 'finished' });
});

it('a sweep goes on with a trial whose first sweep was cancelled', async (context) => {
  const { planner, worker, redis } = await start(context);
  const begun: string[] = [];
  const runTrial: RunTrial = async (trial, work) => {
    begun.push(trial.sweep);
    if (begun.length > 1) return finishing(trial, work);
    await new Promise((resolve) => work.signal.addEventListener('abort', resolve, { once: true }));
    return { status: 'interrupted' };
  };
  worker({ runTrial });
  const [trial] = makeTrials(1);
  const first = planner('one').run(trial!);
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  const second = planner('two').run(trial!);
  await vi.waitFor(async () => expect(await sweepStatuses(redis)).toHaveLength(2));
  await cancel(redis, await findSweep(redis, 'one'));
  expect(await first).toMatchObject({ status: 'cancelled' });
  expect(await second).toMatchObject({ status: 'finished' });
  expect(begun).toEqual(['one', 'two']);
});

it('a result whose summary is none counts as missing', async (context) => {
  const { planner, worker, store, lines } = await start(context);
  const [trial] = makeTrials(1);
  const run = temporaryFolder();
  writeFileSync(join(run, 'summary.json'), '{}');
  await new TrialArtifacts(store, trial!.id).saveResult(run);
  const begun: string[] = [];
  const runTrial: RunTrial = async (taken, work) => {
    const artifacts = new TrialArtifacts(store, taken.id);
    if (await artifacts.isFinished()) return { status: 'finished' };
    begun.push(taken.id);
    return finishing(taken, work);
  };
  worker({ runTrial });
  expect(await planner().run(trial!)).toMatchObject({ status: 'finished', summary: { testAccuracy: 0 } });
  expect(begun).toEqual([trial!.id]);
  expect(lines.join('\n')).toContain('summary.json: is no summary of a run\nThe trial runs again.');
});

it('a planner whose workers have another store fails the trial, and says why', async (context) => {
  const { planner, worker, store } = await start(context);
  const begun: string[] = [];
  const elsewhere = new FolderStore(temporaryFolder());
  const runTrial: RunTrial = async (trial, work) => {
    begun.push(trial.id);
    return (await new TrialArtifacts(elsewhere, trial.id).isFinished())
      ? { status: 'finished' }
      : finishing(trial, work);
  };
  worker({ runTrial, store: elsewhere });
  expect(await planner().run(makeTrials(1)[0]!)).toMatchObject({
    status: 'failed',
    message: `a worker has finished it, but ${store.name} has no result: do all machines share this store?`,
  });
  expect(begun).toHaveLength(3);
});

it('status shows what can be used of jobs that were edited', async (context) => {
  const { planner, redis } = await start(context);
  const edits = [
    { progress: 'null' },
    { progress: '[1]' },
    { progress: '{"worker":{"a":1},"epoch":"x","step":3,"metrics":{"loss":"x"},"refused":5}' },
    { progress: '{"worker":"\\u001b[2Jx","epoch":2,"metrics":{"loss":0.5}}' },
    { data: 'null' },
    { data: '{"overrides":5,"id":7,"__proto__":{"worker":"x"}}' },
    { data: '{"a' },
  ];
  const trials = makeTrials(edits.length);
  const runner = planner();
  for (const trial of trials) void runner.run(trial);
  const queue = new Queue('trials-any', { connection: redis, prefix: 'wgrad' });
  await vi.waitFor(async () => expect(await queue.getWaitingCount()).toBe(trials.length));
  for (const [index, edit] of edits.entries()) {
    const id = jobId(trials[index]!);
    await redis.hset(`wgrad:trials-any:${id}`, edit);
    await redis.lrem('wgrad:trials-any:wait', 0, id);
    await redis.lpush('wgrad:trials-any:active', id);
  }
  const statuses = await jobStatuses(redis, await findSweep(redis, 'test'));
  const base = { state: 'running', takeovers: 0 };
  const known = trials.map(({ id, overrides }) => ({ ...base, trial: id, overrides }));
  const unknown = trials.map((trial) => ({ ...base, trial: jobId(trial), overrides: [] }));
  expect(statuses).toEqual([
    known[0],
    known[1],
    { ...known[2], step: 3 },
    { ...known[3], worker: '\u001b[2Jx', epoch: 2, metrics: { loss: 0.5 } },
    unknown[4],
    unknown[5],
  ]);
  const text = statusText({ sweeps: await sweepStatuses(redis), trials: statuses });
  expect(text).toContain('�[2Jx');
  expect(text).not.toContain('\u001b');
});
