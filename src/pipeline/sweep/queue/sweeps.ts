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

/** Why a job failed; undefined for others. */
export function failureOf(job: Job<unknown, unknown>): string | undefined {
  return job.failedReason;
}
