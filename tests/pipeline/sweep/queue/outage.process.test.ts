import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../../../src/pipeline/sweep/queue/connection.ts';
import { workerMetrics } from '../../../../src/pipeline/sweep/queue/workerMetrics.ts';
import type { RunTrial } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { makeTrials, redisForTest, sweepOn } from './fixture.ts';

/** Nothing listens there. */
const NOBODY = 'redis://127.0.0.1:9';

it('a worker that never reached Redis ends', async () => {
  const { worker, lines } = sweepOn(NOBODY);
  const { stop } = worker();
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  await stop();
});

it('a planner that never reached Redis ends', async () => {
  const { planner, lines } = sweepOn(NOBODY);
  const runner = planner();
  const running = runner.run(makeTrials(1)[0]!);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  await runner.close();
  expect(await running).toMatchObject({ status: 'waiting' });
});

it('a worker and a planner end though Redis has gone, the worker after its trial', async (context) => {
  const server = await redisForTest(context);
  const { planner, worker } = sweepOn(server.url);
  const events: string[] = [];
  const stoppable: RunTrial = async (_, { signal }) => {
    events.push('begun');
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    // A checkpoint takes a while.
    await new Promise((resolve) => setTimeout(resolve, 100));
    events.push('stopped');
    return { status: 'interrupted' };
  };
  const { stop } = worker({ runTrial: stoppable, grace: 100 });
  const runner = planner();
  const running = runner.run(makeTrials(1)[0]!);
  await vi.waitFor(() => expect(events).toEqual(['begun']));
  await server.kill();
  await stop();
  expect(events).toEqual(['begun', 'stopped']);
  await runner.close();
  expect(await running).toMatchObject({ status: 'waiting' });
});

it('metrics come without those of a Redis that is silent, and a connection to it counts as lost', async (context) => {
  const server = await redisForTest(context);
  const registry = new Registry();
  const metrics = workerMetrics(registry, { url: server.url, labels: ['any'] });
  const lines: string[] = [];
  const redis = connect(server.url, (line) => lines.push(line), 500);
  onTestFinished(() => {
    metrics.close();
    redis.endAll();
  });
  await vi.waitFor(async () =>
    expect(await registry.metrics()).toContain('wgrad_trials_waiting{label="any"} 0'),
  );
  await redis.set('a', 'b');
  process.kill(server.pid, 'SIGSTOP');
  const answer = redis.get('a');
  const text = await registry.metrics();
  expect(text).not.toContain('wgrad_trials_waiting{');
  expect(text).toContain('wgrad_trials_running 0');
  await vi.waitFor(() => expect(lines).toEqual([expect.stringContaining('cannot be reached')]));
  process.kill(server.pid, 'SIGCONT');
  expect(await answer).toBe('b');
  expect(lines[1]).toMatch(/answers$/);
});
