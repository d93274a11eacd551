import { expect, it, vi } from 'vitest';
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
