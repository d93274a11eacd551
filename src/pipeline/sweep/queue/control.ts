import { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { WgradError } from '../../../backend/errors.ts';
import { requireKnown } from '../../text/didYouMean.ts';
import { errorText } from '../../text/errorText.ts';
import { addressText, connectOnce, PREFIX, queueName } from './connection.ts';
import { CANCELLED, cancelSweep, failureOf, readSweeps, reviveSweep, type SubmittedSweep } from './sweeps.ts';

/** How the trials of a sweep stand. */
export type Counts = Readonly<Record<'waiting' | 'running' | 'finished' | 'failed' | 'cancelled', number>>;

export interface SweepStatus {
  readonly sweep: string;
  readonly label: string;
  readonly trials: number;
  readonly counts: Counts;
}

/** A trial that runs, was refused, or has failed. */
export interface JobStatus {
  readonly trial: string;
  readonly overrides: readonly string[];
  readonly state: keyof Counts;
  readonly worker?: string;
  readonly epoch?: number;
  readonly step?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  /** How often another worker took it over. */
  readonly takeovers: number;
  /** Why it failed, or why a worker left it to others. */
  readonly why?: string;
}

/** Redis cannot be used. */
export class QueueError extends WgradError {
  override name = 'QueueError';
}

/** Calls `action` with a connection to Redis. @throws QueueError where it cannot be reached */
export async function withRedis<T>(url: string, action: (redis: Redis) => Promise<T>): Promise<T> {
  let redis: Redis;
  try {
    redis = await connectOnce(url);
  } catch (error) {
    throw new QueueError(`Redis at ${addressText(url)} cannot be reached: ${errorText(error)}`, {
      cause: error,
    });
  }
  try {
    return await action(redis);
  } finally {
    redis.disconnect();
  }
}

async function withQueue<T>(redis: Redis, label: string, action: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue(queueName(label), { connection: redis, prefix: PREFIX });
  queue.on('error', () => undefined);
  try {
    return await action(queue);
  } finally {
    await queue.close();
  }
}

/** The sweep of a name. @throws UsageError where there is none, with the nearest name */
export async function findSweep(redis: Redis, name: string): Promise<SubmittedSweep> {
  const sweeps = await readSweeps(redis);
  requireKnown(
    'sweep',
    name,
    sweeps.map(({ id }) => id),
  );
  return sweeps.find(({ id }) => id === name)!;
}

/** How all sweeps stand. Trials whose jobs were removed, a day after they had ended, count as finished. */
export async function sweepStatuses(redis: Redis): Promise<SweepStatus[]> {
  const sweeps = await readSweeps(redis);
  const statuses: SweepStatus[] = [];
  for (const label of new Set(sweeps.map(({ label }) => label))) {
    const states = await withQueue(redis, label, statesOf);
    for (const sweep of sweeps.filter((sweep) => sweep.label === label)) {
      const counts = { waiting: 0, running: 0, finished: 0, failed: 0, cancelled: 0 };
      for (const job of sweep.jobs) counts[states.get(job) ?? 'finished']++;
      statuses.push({ sweep: sweep.id, label, trials: sweep.jobs.length, counts });
    }
  }
  return statuses;
}

/** The states of all jobs that have not finished. */
async function statesOf(queue: Queue): Promise<Map<string, keyof Counts>> {
  const states = new Map<string, keyof Counts>();
  const add = async (state: keyof Counts, types: Parameters<Queue['getRanges']>[0]): Promise<void> => {
    for (const id of await queue.getRanges(types, 0, -1)) states.set(id, state);
  };
  await add('waiting', ['waiting', 'prioritized', 'delayed']);
  await add('running', ['active']);
  await add('failed', ['failed']);
  return states;
}

/** The trials of a sweep that need attention: those that run, were refused or have failed. */
export async function jobStatuses(redis: Redis, sweep: SubmittedSweep): Promise<JobStatus[]> {
  return withQueue(redis, sweep.label, async (queue) => {
    const states = await statesOf(queue);
    const ids = sweep.jobs.filter((id) => states.has(id));
    const statuses: JobStatus[] = [];
    for (const id of ids) {
      const job = await Job.fromId<unknown>(queue, id).catch(() => undefined);
      const status = job && statusOf(job, states.get(id)!);
      if (status && (status.state !== 'waiting' || status.why !== undefined)) statuses.push(status);
    }
    return statuses;
  });
}

/** What a job and its progress hold, as far as they can be used: anyone may have written them. */
const dataSchema = z.object({
  id: z.string().optional().catch(undefined),
  overrides: z.array(z.string()).catch([]),
});
const progressSchema = z.object({
  worker: z.string().optional().catch(undefined),
  refused: z.string().optional().catch(undefined),
  epoch: z.number().optional().catch(undefined),
  step: z.number().optional().catch(undefined),
  metrics: z.record(z.string(), z.number()).optional().catch(undefined),
});

function statusOf(job: Job<unknown>, state: keyof Counts): JobStatus {
  const { id = job.id ?? '', overrides } = dataSchema.catch({ overrides: [] }).parse(job.data);
  const { worker, epoch, step, metrics, refused } = progressSchema.catch({}).parse(job.progress);
  const failure = failureOf(job);
  const isCancelled = failure === CANCELLED;
  const why = isCancelled ? undefined : (failure ?? (state === 'waiting' ? refused : undefined));
  return {
    trial: id,
    overrides,
    state: isCancelled ? 'cancelled' : state,
    ...(worker !== undefined && { worker }),
    ...(epoch !== undefined && { epoch }),
    ...(step !== undefined && { step }),
    ...(metrics && { metrics }),
    takeovers: job.stalledCounter,
    ...(why !== undefined && { why }),
  };
}

/** Removes the waiting trials of a sweep; those that run stop with a checkpoint. @returns how many were removed */
export async function cancel(redis: Redis, sweep: SubmittedSweep): Promise<number> {
  await cancelSweep(redis, sweep.id);
  return withQueue(redis, sweep.label, async (queue) => {
    const states = await statesOf(queue);
    const waiting = sweep.jobs.filter((id) => states.get(id) === 'waiting');
    // One that a worker has just taken stays; the worker stops it.
    const removed = await Promise.all(waiting.map((id) => queue.remove(id)));
    return removed.filter((count) => count > 0).length;
  });
}

/** Puts the trials of a sweep that failed, or ran when it was cancelled, back into the queue. @returns how many */
export async function retry(redis: Redis, sweep: SubmittedSweep): Promise<number> {
  await reviveSweep(redis, sweep.id);
  return withQueue(redis, sweep.label, async (queue) => {
    const states = await statesOf(queue);
    const failed = sweep.jobs.filter((id) => states.get(id) === 'failed');
    for (const id of failed) await (await Job.fromId<unknown>(queue, id))?.retry('failed');
    return failed.length;
  });
}
