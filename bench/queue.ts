/** The command that measures sweeps on a queue. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, type CommandGroup, option } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { wholeNumber } from '../src/pipeline/cli/values.ts';
import { fetchFashionMnist } from '../src/pipeline/data/sources/fetch.ts';
import { writeJson } from '../src/pipeline/files/json.ts';
import { runChaos } from './queue/chaos.ts';
import { measureCrowd, measureEmpty } from './queue/empty.ts';
import { measureTwoWorkers } from './queue/twoWorkers.ts';

const RESULTS = 'bench/results';

/** Calls `measure` with a folder that is removed afterwards, and writes what it returns. */
async function measured(name: string, measure: (folder: string) => Promise<object>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-queue-'));
  try {
    const load = loadavg()[0]!;
    const result = await measure(folder);
    mkdirSync(RESULTS, { recursive: true });
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, load, node: process.version };
    await writeJson(join(RESULTS, `queue-${name}.json`), { machine, ...result });
    console.log(JSON.stringify(result, null, 2));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Small trainings that differ in their seed. */
const sweep = (seeds: number, train: string): string[] => [
  'configs/mlp.yaml',
  'model={name: mlp, hidden: [16], dropout: 0.2}',
  `train={batchSize: 25, limitTest: 200, ${train}}`,
  'data.validation=200',
  'device=cpu',
  `seed=${Array.from({ length: seeds }, (_, seed) => seed).join(',')}`,
];

const chaos = command({
  about: `
    Runs a sweep on one machine, and again on a queue while its workers, Redis and the planner are killed. All results must
    be the same.`,
  options: {
    trials: option('<n>', wholeNumber(), 'trials', { default: 24 }),
    workers: option('<n>', wholeNumber(), 'workers', { default: 3 }),
    workerKills: option('<n>', wholeNumber(0), 'kills of workers', { default: 12 }),
    redisKills: option('<n>', wholeNumber(0), 'kills of Redis', { default: 2 }),
    plannerKills: option('<n>', wholeNumber(0), 'kills of the planner', { default: 1 }),
  },
  run: async ({ trials, workers, workerKills, redisKills, plannerKills }) => {
    await fetchFashionMnist('data/raw');
    await measured('chaos', async (folder) => {
      const kills = { workers: workerKills, redis: redisKills, planners: plannerKills };
      const result = await runChaos({
        folder,
        sweep: sweep(trials, 'epochs: 2, limitTrain: 1000, logEvery: 2, checkpointEvery: 4'),
        trials,
        workers,
        kills,
        stalledAfter: 2,
        seed: 1,
        report: (line) => process.stderr.write(`${line}\n`),
      });
      return { trials, workers, ...result };
    });
  },
});

const empty = command({
  about: `
    Sends trials that do nothing through the queue, once with the artifact store and once without results, and prints what
    a trial costs the planner, Redis and the worker. Then it opens many workers to see what a worker costs Redis that
    trains, and one that waits.`,
  options: {
    trials: option('<n>', wholeNumber(), 'trials', { default: 10_000 }),
    crowd: option('<n>', wholeNumber(), 'workers that only hold a trial', { default: 100 }),
  },
  run: async ({ trials, crowd }) => {
    await measured('empty', async (folder) => ({
      empty: await measureEmpty(join(folder, 'empty'), trials),
      crowd: await measureCrowd(join(folder, 'crowd'), crowd),
    }));
  },
});

const two = command({
  about:
    'Compares twelve trials on two workers, each on a processor of its own, with one worker on one processor.',
  options: { rounds: option('<n>', wholeNumber(), 'rounds', { default: 3 }) },
  run: async ({ rounds }) => {
    await fetchFashionMnist('data/raw');
    await measured('workers', (folder) =>
      measureTwoWorkers(folder, sweep(12, 'epochs: 2, limitTrain: 5000'), rounds),
    );
  },
});

const group: CommandGroup = {
  about: 'Measures sweeps on a queue; needs redis-server. Results go to bench/results/queue-*.json.',
  commands: { chaos, empty, two },
};

await runCommand('npx tsx bench/queue.ts', group);
