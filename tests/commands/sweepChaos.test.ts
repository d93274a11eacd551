import { expect, it } from 'vitest';
import { runChaos } from '../../bench/queue/chaos.ts';
import { hasRedis } from '../../bench/queue/redisServer.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { skipMissing } from '../tools/missing.ts';

it(
  'counts each trial once, as on one machine, though workers, Redis and the planner are killed',
  { timeout: 600_000 },
  async (context) => {
    if (!hasRedis()) skipMissing(context, 'needs redis-server (Debian: apt-get install redis-server)');
    await fetchFashionMnist('data/raw');
    const trials = 4;
    const { differences, results } = await runChaos({
      folder: temporaryFolder(),
      sweep: [
        'configs/mlp.yaml',
        'model={name: mlp, hidden: [4]}',
        'train={epochs: 1, batchSize: 25, limitTrain: 1000, limitTest: 100, logEvery: 1, checkpointEvery: 2}',
        'data.validation=100',
        'device=cpu',
        'seed=0,1,2,3',
      ],
      trials,
      workers: 2,
      kills: { workers: 2, redis: 1, planners: 1 },
      stalledAfter: 2,
      seed: 1,
      report: () => undefined,
    });
    expect(differences).toEqual([]);
    expect(results).toBe(trials);
  },
);
