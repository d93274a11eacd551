import { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { WgradError } from '../../../backend/errors.ts';
import { requireKnown } from '../../text/didYouMean.ts';
import { errorText } from '../../text/errorText.ts';
import { addressText, connectOnce, PREFIX, queueName } from './connection.ts';
import { KEEP } from './payload.ts';
import {
  CANCELLED,
  cancelSweep,
  failureOf,
  forgetRemoved,
  keepRemoved,
  PRUNED,
  readSweeps,
  removedJobs,
  reviveSweep,
  type SubmittedSweep,
} from './sweeps.ts';

/** How the trials of a sweep stand. */
export type Counts = Readonly<
  Record<'waiting' | 'running' | 'finished' | 'failed' | 'pruned' | 'cancelled', number>
>;

export interface SweepStatus {
  readonly sweep: string;
  readonly label: string;
  readonly trials: number;
  readonly counts: Counts;
}

/** A trial that runs, was refused or stopped, or has failed. */
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
    const states = await withQueue(redis, label, (queue) => statesOf(redis, queue));
    for (const sweep of sweeps.filter((sweep) => sweep.label === label)) {
      const counts = { waiting: 0, running: 0, finished: 0, failed: 0, pruned: 0, cancelled: 0 };
      const removed = await removedJobs(redis, sweep.id);
      for (const job of sweep.jobs) {
        counts[states.get(job) ?? (removed.has(job) ? 'cancelled' : 'finished')]++;
      }
      statuses.push({ sweep: sweep.id, label, trials: sweep.jobs.length, counts });
    }
  }
  return statuses;
}

/** The states of all jobs that have not finished. */
async function statesOf(redis: Redis, queue: Queue): Promise<Map<string, keyof Counts>> {
  const states = new Map<string, keyof Counts>();
  const add = async (state: keyof Counts, types: Parameters<Queue['getRanges']>[0]): Promise<void> => {
    for (const id of await queue.getRanges(types, 0, -1)) states.set(id, state);
  };
  await add('waiting', ['waiting', 'prioritized', 'delayed']);
  await add('running', ['active']);
  const failed = await queue.getRanges(['failed'], 0, -1);
  const reasons = redis.pipeline();
  for (const id of failed) reasons.hget(queue.toKey(id), 'failedReason');
  const answers = (await reasons.exec()) ?? [];
  for (const [index, id] of failed.entries()) states.set(id, stateOfFailure(answers[index]?.[1]));
  return states;
}

/** The state of a job that failed: its sweep may have stopped it. */
function stateOfFailure(reason: unknown): 'failed' | 'pruned' | 'cancelled' {
  return reason === CANCELLED || reason === PRUNED ? reason : 'failed';
}

/** The trials of a sweep that need attention: those that run, were refused or stopped, or have failed. */
export async function jobStatuses(redis: Redis, sweep: SubmittedSweep): Promise<JobStatus[]> {
  return withQueue(redis, sweep.label, async (queue) => {
    const states = await statesOf(redis, queue);
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
  const why = state === 'failed' ? failure : state === 'waiting' ? refused : undefined;
  return {
    trial: id,
    overrides,
    state,
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
    const states = await statesOf(redis, queue);
    const waiting = sweep.jobs.filter((id) => states.get(id) === 'waiting');
    const removed = await Promise.all(
      waiting.map(async (id) => {
        const data = await redis.hget(queue.toKey(id), 'data');
        // It is kept before it is removed, for `retry`.
        if (data !== null) await keepRemoved(redis, sweep.id, id, data);
        const isRemoved = (await queue.remove(id)) > 0;
        // One that a worker has just taken stays; the worker stops it.
        if (!isRemoved) await forgetRemoved(redis, sweep.id, id);
        return isRemoved;
      }),
    );
    return removed.filter(Boolean).length;
  });
}

/**
 * Puts the trials of a sweep that failed, or that `cancel` removed or stopped, back into the queue. Those that the sweep
 * itself stopped early stay as they are.
 *
 * @returns how many
 */
export async function retry(redis: Redis, sweep: SubmittedSweep): Promise<number> {
  await reviveSweep(redis, sweep.id);
  return withQueue(redis, sweep.label, async (queue) => {
    const states = await statesOf(redis, queue);
    const ended = sweep.jobs.filter((id) => ['failed', 'cancelled'].includes(states.get(id) ?? ''));
    for (const id of ended) await (await Job.fromId<unknown>(queue, id))?.retry('failed');
    const removed = await removedJobs(redis, sweep.id);
    // The planner may have submitted some again.
    const missing = [...removed].filter(([id]) => !states.has(id));
    const jobs = missing.flatMap(([id, text]) => removedJob(id, text, sweep.id));
    await queue.addBulk(jobs);
    for (const id of removed.keys()) await forgetRemoved(redis, sweep.id, id);
    return ended.length + jobs.length;
  });
}

/** A removed job as it is submitted again, in the name of the sweep; none where its data cannot be read. */
function removedJob(id: string, text: string, sweep: string): Parameters<Queue['addBulk']>[0] {
  try {
    const data = { ...(JSON.parse(text) as object), sweep };
    return [{ name: sweep, data, opts: { ...KEEP, jobId: id } }];
  } catch {
    return [];
  }
}
