import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { PREFIX } from './connection.ts';

/** A sweep as Redis knows it. */
export interface SubmittedSweep {
  readonly id: string;
  readonly label: string;
  /** The ids of its jobs. */
  readonly jobs: readonly string[];
}

/** Why the jobs of a cancelled sweep fail. */
export const CANCELLED = 'cancelled';
/** Why a job fails whose sweep stopped it early. */
export const PRUNED = 'pruned';

const SWEEPS = `${PREFIX}:sweeps`;
const CANCELLED_SWEEPS = `${PREFIX}:cancelled`;

const sweepSchema = z.object({
  id: z.string(),
  label: z.string().regex(/^[\w-]+$/),
  jobs: z.array(z.string()),
});

/** Notes the jobs of a sweep, besides those that were noted before: `src/sweep.ts` finds it then. */
export async function noteSweep(redis: Redis, sweep: SubmittedSweep): Promise<void> {
  const known = parseSweeps([(await redis.hget(SWEEPS, sweep.id)) ?? '']);
  const jobs = [...new Set([...known.flatMap(({ jobs }) => jobs), ...sweep.jobs])];
  await redis.hset(SWEEPS, sweep.id, JSON.stringify({ ...sweep, jobs }));
}

/** All sweeps; what is none is left out. */
export async function readSweeps(redis: Redis): Promise<SubmittedSweep[]> {
  return parseSweeps(Object.values(await redis.hgetall(SWEEPS)));
}

function parseSweeps(texts: readonly string[]): SubmittedSweep[] {
  return texts.flatMap((text) => {
    try {
      return [sweepSchema.parse(JSON.parse(text))];
    } catch {
      return [];
    }
  });
}

export async function cancelSweep(redis: Redis, sweep: string): Promise<void> {
  await redis.sadd(CANCELLED_SWEEPS, sweep);
}

/** Allows the trials of a cancelled sweep to run again. */
export async function reviveSweep(redis: Redis, sweep: string): Promise<void> {
  await redis.srem(CANCELLED_SWEEPS, sweep);
}

export async function isCancelled(redis: Redis, sweep: string): Promise<boolean> {
  return (await redis.sismember(CANCELLED_SWEEPS, sweep)) === 1;
}

/** Seconds that lists of a sweep's trials are kept: as long as failed jobs are. */
const KEEP_LISTS = 7 * 86_400;

function removedKey(sweep: string): string {
  return `${PREFIX}:removed:${sweep}`;
}

/** Keeps the data of a job that is being removed, because its sweep was cancelled. */
export async function keepRemoved(redis: Redis, sweep: string, job: string, data: string): Promise<void> {
  await redis.hset(removedKey(sweep), job, data);
  await redis.expire(removedKey(sweep), KEEP_LISTS);
}

/** Forgets a removed job of a sweep, or all of them. */
export async function forgetRemoved(redis: Redis, sweep: string, job?: string): Promise<void> {
  if (job === undefined) await redis.del(removedKey(sweep));
  else await redis.hdel(removedKey(sweep), job);
}

/** The removed jobs of a sweep, with their data. */
export async function removedJobs(redis: Redis, sweep: string): Promise<ReadonlyMap<string, string>> {
  return new Map(Object.entries(await redis.hgetall(removedKey(sweep))));
}

function prunedKey(sweep: string): string {
  return `${PREFIX}:pruned:${sweep}`;
}

/** Asks workers to stop a trial of a sweep, whose job they have or will have. */
export async function pruneJob(redis: Redis, sweep: string, job: string): Promise<void> {
  await redis.sadd(prunedKey(sweep), job);
  await redis.expire(prunedKey(sweep), KEEP_LISTS);
}

/** Allows a trial of a sweep to run again. */
export async function restoreJob(redis: Redis, sweep: string, job: string): Promise<void> {
  await redis.srem(prunedKey(sweep), job);
}

export async function isPruned(redis: Redis, sweep: string, job: string): Promise<boolean> {
  return (await redis.sismember(prunedKey(sweep), job)) === 1;
}

/** Why a job failed; undefined for others. */
export function failureOf(job: Job<unknown, unknown>): string | undefined {
  return job.failedReason;
}
