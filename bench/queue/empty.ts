import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from './redisServer.ts';

interface Use {
  readonly cpuSeconds: number;
  readonly rss: number;
}

interface RedisUse {
  readonly cpuSeconds: number;
  readonly bytes: number;
  readonly commands: number;
}

/** A process of `emptyTrials.ts`: what it prints, line by line. */
interface Part {
  readonly child: ChildProcess;
  readonly next: () => Promise<string>;
}

function start(role: string, url: string, folder: string, count: number): Part {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'bench/queue/emptyTrials.ts', role, url, folder, String(count)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => String((await lines.next()).value) };
}

async function redisUse({ url }: RedisServer): Promise<RedisUse> {
  const redis = new Redis(url);
  const text = await redis.info();
  redis.disconnect();
  const value = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
  return {
    cpuSeconds: value('used_cpu_user') + value('used_cpu_sys'),
    bytes: value('used_memory'),
    commands: value('total_commands_processed'),
  };
}

async function end({ child }: Part): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** Sends trials that do nothing through the queue: submitted first, then worked at. */
export async function measureEmpty(folder: string, trials: number): Promise<object> {
  mkdirSync(folder, { recursive: true });
  const redis = await startRedis(folder);
  try {
    const fresh = await redisUse(redis);
    const planner = start('plan', redis.url, folder, trials);
    await planner.next();
    const began = performance.now();
    const client = new Redis(redis.url);
    while ((await client.llen('wgrad:trials-any:wait')) < trials) await sleep(50);
    client.disconnect();
    const secondsToSubmit = (performance.now() - began) / 1000;
    const submitted = await redisUse(redis);
    const worker = start('work', redis.url, folder, 16);
    await worker.next();
    const ready = performance.now();
    const planned = JSON.parse(await planner.next()) as {
      finished: number;
      peak: number;
      before: Use;
      after: Use;
    };
    const seconds = (performance.now() - ready) / 1000;
    const done = await redisUse(redis);
    await end(worker);
    const worked = JSON.parse(await worker.next()) as { before: Use; after: Use };
    const perTrial = (from: { cpuSeconds: number }, to: { cpuSeconds: number }): number =>
      (1e6 * (to.cpuSeconds - from.cpuSeconds)) / trials;
    return {
      trials,
      finished: planned.finished,
      secondsToSubmit,
      secondsToRun: seconds,
      trialsPerSecond: trials / seconds,
      microsecondsOfProcessorPerTrial: {
        redis: perTrial(fresh, done),
        planner: perTrial(planned.before, planned.after),
        worker: perTrial(worked.before, worked.after),
      },
      commandsPerTrial: (done.commands - fresh.commands) / trials,
      redisBytes: { fresh: fresh.bytes, submitted: submitted.bytes, done: done.bytes },
      redisBytesPerTrial: {
        waiting: (submitted.bytes - fresh.bytes) / trials,
        done: (done.bytes - fresh.bytes) / trials,
      },
      plannerBytes: { before: planned.before.rss, peak: planned.peak },
    };
  } finally {
    await redis.kill();
  }
}

/** What workers cost Redis, per worker and second: those that train, and those that wait. */
export async function measureCrowd(folder: string, workers: number): Promise<object> {
  mkdirSync(folder, { recursive: true });
  const redis = await startRedis(folder);
  const seconds = 30;
  try {
    const fresh = await redisUse(redis);
    const crowd = start('crowd', redis.url, folder, workers);
    await crowd.next();
    await sleep(5000);
    const over = async (): Promise<object> => {
      const before = await redisUse(redis);
      await sleep(1000 * seconds);
      const after = await redisUse(redis);
      return {
        commandsPerWorkerAndSecond: (after.commands - before.commands) / workers / seconds,
        processorShareOf1000Workers: ((after.cpuSeconds - before.cpuSeconds) / seconds) * (1000 / workers),
        bytesPerWorker: (after.bytes - fresh.bytes) / workers,
      };
    };
    const waiting = await over();
    const planner = start('plan', redis.url, folder, workers);
    await planner.next();
    const client = new Redis(redis.url);
    while ((await client.llen('wgrad:trials-any:active')) < workers) await sleep(50);
    client.disconnect();
    const training = await over();
    planner.child.kill('SIGKILL');
    await end(crowd);
    return { workers, waiting, training };
  } finally {
    await redis.kill();
  }
}
