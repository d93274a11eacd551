import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gone } from './processes.ts';
import { startRedis } from './redisServer.ts';

interface Trial {
  readonly summary: { readonly seconds: number };
}

/** Seconds from the start of the planner to its table, with workers that are there before. */
async function sweepWith(
  folder: string,
  sweep: readonly string[],
  processors: readonly number[],
): Promise<object> {
  mkdirSync(folder, { recursive: true });
  const redis = await startRedis(folder);
  const queue = ['--queue', redis.url, '--store', join(folder, 'store')];
  const node = [process.execPath, '--import', 'tsx'];
  // The processor's number keeps a worker, and the trials that it starts, to one thread.
  const workers = processors.map((processor) =>
    spawn('taskset', ['-c', String(processor), ...node, 'src/sweep.ts', 'worker', ...queue], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  try {
    await Promise.all(workers.map(isReady));
    const start = performance.now();
    const planner = spawn(
      process.execPath,
      ['--import', 'tsx', 'src/train.ts', ...sweep, '--sweep', `run.dir=${folder}/runs`, '--json', ...queue],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let text = '';
    planner.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(planner, 'close');
    const seconds = (performance.now() - start) / 1000;
    const { trials } = JSON.parse(text) as { trials: Trial[] };
    const training = trials.reduce((sum, { summary }) => sum + summary.seconds, 0);
    return { seconds, training };
  } finally {
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map(gone));
    await redis.kill();
  }
}

function isReady(worker: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('exit', (code) => {
      reject(new Error(`a worker ended with ${code}`));
    });
    worker.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('taking trials')) resolve();
    });
  });
}

/** One worker and two, in turn; the best of each counts, because other work on the machine only adds time. */
export async function measureTwoWorkers(
  folder: string,
  sweep: readonly string[],
  rounds: number,
): Promise<object> {
  const times: Record<'one' | 'two', { seconds: number; training: number }[]> = { one: [], two: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, processors] of [
      ['one', [0]],
      ['two', [0, 1]],
    ] as const) {
      const at = join(folder, `${name}-${round}`);
      times[name].push((await sweepWith(at, sweep, processors)) as { seconds: number; training: number });
    }
  }
  const best = (name: 'one' | 'two'): number => Math.min(...times[name].map(({ seconds }) => seconds));
  return { times, one: best('one'), two: best('two'), ratio: best('two') / best('one') };
}
