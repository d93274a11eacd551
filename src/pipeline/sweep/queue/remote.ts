import { cancel, findSweep, jobStatuses, retry, sweepStatuses, withRedis } from './control.ts';
import type { StatusView } from './statusText.ts';

/**
 * How the sweeps of a queue stand; of one sweep, also the trials that need attention.
 *
 * @throws QueueError where Redis cannot be reached, UsageError where there is no such sweep
 */
export function statusAt(url: string, name: string | undefined): Promise<StatusView> {
  return withRedis(url, async (redis) => {
    const chosen = name === undefined ? undefined : await findSweep(redis, name);
    const all = await sweepStatuses(redis);
    if (!chosen) return { sweeps: all };
    return {
      sweeps: all.filter(({ sweep }) => sweep === name),
      trials: await jobStatuses(redis, chosen),
    };
  });
}

/** Cancels a sweep. @returns how many trials were waiting @throws as `statusAt` */
export function cancelAt(url: string, name: string): Promise<number> {
  return withRedis(url, async (redis) => cancel(redis, await findSweep(redis, name)));
}

/** Puts trials of a sweep back into the queue; see `retry`. @returns how many @throws as `statusAt` */
export function retryAt(url: string, name: string): Promise<number> {
  return withRedis(url, async (redis) => retry(redis, await findSweep(redis, name)));
}
