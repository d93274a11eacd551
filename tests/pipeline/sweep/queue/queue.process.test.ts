import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RefusedError } from '../../../../src/pipeline/sweep/queue/checks.ts';
import {
  cancel,
  findSweep,
  jobStatuses,
  retry,
  sweepStatuses,
} from '../../../../src/pipeline/sweep/queue/control.ts';
import { jobId, toPayload } from '../../../../src/pipeline/sweep/queue/payload.ts';
import { statusText } from '../../../../src/pipeline/sweep/queue/statusText.ts';
import type { RunTrial } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { finish, finishing, makeTrials, redisForTest, sweepOn } from './fixture.ts';

function queueAt(url: string): { queue: Queue; redis: Redis } {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue('trials-any', { connection: redis, prefix: 'wgrad' });
  for (const each of [redis, queue]) each.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return { queue, redis };
}

/** Work that goes on until it is stopped, except for the trials that `isShort` names. */
function endless(begun: string[], isShort: (trial: string) => boolean = () => false): RunTrial {
  return async (trial, work) => {
    begun.push(trial.id);
    if (isShort(trial.id)) return finishing(trial, work);
    if (!work.signal.aborted) {
      await new Promise((resolve) => work.signal.addEventListener('abort', resolve, { once: true }));
    }
    return { status: 'interrupted' };
  };
}

describe('the queue', () => {
  it('runs each trial once, for two planners and two workers', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker } = sweepOn(url);
    const begun: string[] = [];
    const counting: RunTrial = async (trial, work) => {
      begun.push(trial.id);
      return finishing(trial, work);
    };
    worker({ runTrial: counting, concurrency: 2 });
    worker({ runTrial: counting });
    const trials = makeTrials(30);
    const [one, other] = [planner(), planner('other')];
    const states = await Promise.all(trials.flatMap((trial) => [one.run(trial), other.run(trial)]));
    expect(states.map(({ status }) => status)).toEqual(Array(60).fill('finished'));
    expect(states.map(({ summary }) => summary!.testAccuracy)).toEqual(
      trials.flatMap(({ configuration: { seed } }) => [seed / 100, seed / 100]),
    );
    expect(begun.toSorted()).toEqual(trials.map(({ id }) => id).toSorted());
  });

  it('survives Redis: it says so once, and goes on, though Redis has lost all jobs', async (context) => {
    const server = await redisForTest(context);
    const { planner, worker, lines } = sweepOn(server.url);
    const { redis } = queueAt(server.url);
    const [first, ...others] = makeTrials(3);
    const runner = planner();
    const running = [first!, ...others].map((trial) => runner.run(trial));
    await vi.waitFor(async () => expect(await redis.zcard('wgrad:trials-any:wait').catch(() => -1)).toBe(-1));
    await vi.waitFor(async () => expect(await redis.llen('wgrad:trials-any:wait')).toBe(3));
    await redis.flushall();
    await server.kill();
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    worker();
    await server.start();
    const states = await Promise.all(running);
    expect(states.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished']);
    const told = lines.filter((line) => line.includes('Redis'));
    expect(told.filter((line) => line.includes('cannot be reached (ECONNREFUSED); waiting'))).toHaveLength(
      told.filter((line) => line.endsWith('answers')).length,
    );
    expect(told.length).toBeLessThanOrEqual(4);
  });

  it('gives a trial whose worker has gone to another', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker, store } = sweepOn(url);
    const { redis } = queueAt(url);
    const [trial] = makeTrials(1);
    const begun: string[] = [];
    worker({ runTrial: endless(begun), stalledAfter: 500 });
    const running = planner().run(trial!);
    await vi.waitFor(() => expect(begun).toHaveLength(1));
    // What is left of a worker that was killed: an active job whose lock expires.
    await redis.set(`wgrad:trials-any:${jobId(trial!)}:lock`, 'of a dead worker', 'PX', 1);
    worker({ stalledAfter: 500 });
    expect(await running).toMatchObject({ status: 'finished' });
    const { queue } = queueAt(url);
    expect((await queue.getJob(jobId(trial!)))!.stalledCounter).toBeGreaterThan(0);
    expect(store).toBeDefined();
  });

  it('gives back what a stopped worker had', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker } = sweepOn(url);
    const begun: string[] = [];
    const first = worker({ runTrial: endless(begun) });
    const running = planner().run(makeTrials(1)[0]!);
    await vi.waitFor(() => expect(begun).toHaveLength(1));
    await first.stop();
    worker();
    expect(await running).toMatchObject({ status: 'finished' });
  });

  it('lets a stopped worker end its trial within its grace', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker } = sweepOn(url);
    let end = (): void => undefined;
    const waiting: RunTrial = async (trial, work) => {
      await new Promise<void>((resolve) => (end = resolve));
      return finishing(trial, work);
    };
    const only = worker({ runTrial: waiting, grace: 60_000 });
    const running = planner().run(makeTrials(1)[0]!);
    await vi.waitFor(() => expect(end.name).toBe(''));
    const stopped = only.stop();
    end();
    expect(await running).toMatchObject({ status: 'finished' });
    await stopped;
  });

  it('leaves what a worker refuses to others, and says why', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker, lines } = sweepOn(url);
    const { redis } = queueAt(url);
    const refusal = 'other code: the trial takes c, this machine has d';
    const refusing = { check: () => Promise.reject(new RefusedError(refusal)) };
    const bad = worker(refusing);
    const running = planner().run(makeTrials(1)[0]!);
    await vi.waitFor(async () => {
      const [trial] = await jobStatuses(redis, await findSweep(redis, 'test'));
      expect(trial).toMatchObject({ state: 'waiting', why: refusal });
    });
    expect(lines).toContain(`refused: ${refusal}`);
    worker();
    expect(await running).toMatchObject({ status: 'finished' });
    await bad.stop();
  });

  it('fails jobs that are no trials, and goes on', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker } = sweepOn(url);
    const { queue, redis } = queueAt(url);
    const [good, changed] = makeTrials(2);
    const payload = toPayload(good!, 'test');
    const hostile: Record<string, unknown> = {
      nothing: null,
      list: [1, 2],
      another: { ...payload, format: 2 },
      climbing: { ...payload, id: '../../../etc' },
      long: { ...payload, configuration: 'x'.repeat(2 ** 18 + 1) },
      yaml: { ...payload, configuration: 'a: [' },
      configuration: { ...payload, configuration: 'model: {name: none}' },
      // The id of one trial with the configuration of another.
      changed: { ...toPayload(changed!, 'test'), id: good!.id },
    };
    for (const [id, data] of Object.entries(hostile)) await queue.add('x', data, { jobId: id });
    await redis.hset('wgrad:trials-any:broken', { name: 'x', data: '{"a', opts: '{}', timestamp: 1 });
    await redis.lpush('wgrad:trials-any:wait', 'broken');
    worker();
    expect(await planner().run(good!)).toMatchObject({ status: 'finished' });
    await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(Object.keys(hostile).length));
    const why = async (id: string): Promise<string> => (await queue.getJob(id))!.failedReason;
    expect(await why('nothing')).toContain('the job is no trial, at its top');
    expect(await why('climbing')).toContain('the job is no trial, at id');
    expect(await why('yaml')).toContain('the configuration of the job is no YAML');
    expect(await why('configuration')).toContain('configuration: ');
    expect(await why('changed')).toContain(`its id is ${good!.id}, that of its configuration`);
  });

  it('runs a trial again whose result the store has lost or damaged', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker, store } = sweepOn(url);
    const [lost, damaged] = makeTrials(2);
    worker();
    const before = planner();
    await Promise.all([before.run(lost!), before.run(damaged!)]);
    const { rmSync } = await import('node:fs');
    for (const { path } of [lost!, damaged!]) rmSync(path, { recursive: true });
    await store.remove(`${lost!.id}/result.json`);
    for (const key of await store.list(`${damaged!.id}/result/`)) await store.put(key, Buffer.from('x'));
    const after = planner();
    const states = await Promise.all([after.run(lost!), after.run(damaged!)]);
    expect(states.map(({ status }) => status)).toEqual(['finished', 'finished']);
  });
});

describe('src/sweep.ts', () => {
  it('shows, cancels and retries a sweep', async (context) => {
    const { url } = await redisForTest(context);
    const { planner, worker, store } = sweepOn(url);
    const { redis } = queueAt(url);
    const trials = makeTrials(4);
    const begun: string[] = [];
    const failing: RunTrial = async (trial, work) =>
      trial.id === trials[1]!.id
        ? { status: 'failed', message: 'The loss became NaN' }
        : endless(begun, (id) => id === trials[0]!.id)(trial, work);
    const { stop } = worker({ runTrial: failing });
    const runner = planner();
    const running = trials.map((trial) => runner.run(trial));
    expect(await running[1]).toMatchObject({ status: 'failed', message: 'The loss became NaN' });
    await vi.waitFor(() => expect(begun).toHaveLength(2));
    const sweep = await findSweep(redis, 'test');
    const view = { sweeps: await sweepStatuses(redis), trials: await jobStatuses(redis, sweep) };
    expect(view.sweeps).toEqual([
      {
        sweep: 'test',
        label: 'any',
        trials: 4,
        counts: { waiting: 1, running: 1, finished: 1, failed: 1, pruned: 0, cancelled: 0 },
      },
    ]);
    expect(statusText(view)).toMatch(
      /test +any +4 +1 +1 +1 +1 +0 +0\n[^]*running[^]*:\n {2}The loss became NaN$/,
    );

    expect(await cancel(redis, sweep)).toBe(1);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([
      'finished',
      'failed',
      'cancelled',
      'cancelled',
    ]);
    await stop();
    worker();
    expect((await sweepStatuses(redis))[0]!.counts).toEqual({
      waiting: 0,
      running: 0,
      finished: 1,
      failed: 1,
      pruned: 0,
      cancelled: 2,
    });
    // The failed one, the one that ran, and the one that waited, without a planner.
    await runner.close();
    expect(await retry(redis, sweep)).toBe(3);
    await vi.waitFor(async () =>
      expect((await sweepStatuses(redis))[0]!.counts).toEqual({
        waiting: 0,
        running: 0,
        finished: 4,
        failed: 0,
        pruned: 0,
        cancelled: 0,
      }),
    );
    expect(await retry(redis, sweep)).toBe(0);
    const again = planner();
    const states = await Promise.all(trials.map((trial) => again.run(trial)));
    expect(states.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
    expect(store).toBeDefined();
    await finish(trials[0]!, store, 99);
  });
});
