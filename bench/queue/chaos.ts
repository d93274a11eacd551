import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { philox4x32 } from '../../src/backend/philox.ts';
import { gone } from './processes.ts';
import { startRedis } from './redisServer.ts';

export interface ChaosOptions {
  /** For everything: runs, store, Redis, workers. */
  readonly folder: string;
  /** The configuration and the axes of the sweep, whose trials need not take long. */
  readonly sweep: readonly string[];
  readonly trials: number;
  readonly workers: number;
  readonly kills: { readonly workers: number; readonly redis: number; readonly planners: number };
  /** Seconds; see `src/sweep.ts worker`. */
  readonly stalledAfter: number;
  readonly seed: number;
  readonly report: (line: string) => void;
}

export interface ChaosResult {
  readonly seconds: number;
  /** Of the same sweep on one machine, without a queue. */
  readonly plainSeconds: number;
  readonly kills: ChaosOptions['kills'];
  /** How often a trial went on from a checkpoint that another worker had written. */
  readonly resumed: number;
  readonly results: number;
  /** What differs from the sweep on one machine; nothing, if all is well. */
  readonly differences: readonly string[];
}

/** What a finished sweep prints with `--json`. */
interface Printed {
  readonly trials: readonly {
    readonly id: string;
    readonly run: string;
    readonly status: string;
    readonly summary: Readonly<Record<string, unknown>>;
  }[];
}

/** Milliseconds between two looks at what workers have written. */
const LOOK = 20;
/** Milliseconds that Redis is away. */
const AWAY = 500;

/**
 * Runs a sweep on one machine, and again on a queue while workers, Redis and the planner are killed, and compares the two.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { folder, sweep, trials, workers, kills, report } = options;
  const children = new Set<ChildProcess>();
  const start = (program: string, ...args: string[]): ChildProcess => {
    const command = ['--import', 'tsx', `src/${program}.ts`, ...args];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    return child;
  };
  const plan = (runs: string, ...args: string[]): ChildProcess =>
    start('train', ...sweep, '--sweep', `run.dir=${join(folder, runs)}`, '--json', ...args);

  const plainStart = performance.now();
  const plain = await ended(plan('plain', '--jobs', '2'));
  const plainSeconds = (performance.now() - plainStart) / 1000;
  report(`one machine: ${plainSeconds.toFixed(1)} s`);

  const redis = await startRedis(folder);
  const store = join(folder, 'store');
  const queue = ['--queue', redis.url, '--store', store];
  const startWorker = (at: number): ChildProcess => {
    const work = ['--work', join(folder, `work-${at}`), '--stalled-after', String(options.stalledAfter)];
    const worker = start('sweep', 'worker', ...queue, ...work);
    worker.stdout!.resume();
    worker.stderr!.resume();
    return worker;
  };
  try {
    const begin = performance.now();
    const team = Array.from({ length: workers }, (_, at) => startWorker(at));
    let planner = plan('queue', ...queue);
    let printed = ended(planner);
    let resumed = 0;

    const results = (): number => countResults(store);
    const events = schedule(kills, trials);
    for (const [at, { kind, after }] of events.entries()) {
      while (results() < after && planner.exitCode === null) await sleep(LOOK);
      if (planner.exitCode !== null)
        throw new Error(`the planner ended before kill ${at + 1} of ${events.length}`);
      if (kind === 'redis') {
        await redis.kill();
        await sleep(AWAY);
        await redis.start();
      } else if (kind === 'planners') {
        await kill(planner);
        // Its end is no failure.
        printed.catch(() => undefined);
        planner = plan('queue', ...queue);
        printed = ended(planner);
      } else {
        const victim = await busyWorker(folder, workers, () => planner.exitCode !== null);
        const [random] = philox4x32([at, 0, 0, 0], [options.seed, 0]);
        await sleep(random * 2 ** -32 * 300);
        await kill(team[victim]!, join(folder, `work-${victim}`));
        team[victim] = startWorker(victim);
      }
      report(`${kind} killed after ${results()} of ${trials} trials`);
    }
    const queued = await printed;
    const seconds = (performance.now() - begin) / 1000;
    for (const worker of team) worker.kill('SIGTERM');
    await Promise.all(team.map(gone));
    for (const { run } of queued.trials) resumed += timesResumed(run);
    const differences = compare(plain, queued, trials);
    if (countResults(store) !== trials) differences.push(`${countResults(store)} results in the store`);
    return { seconds, plainSeconds, kills, resumed, results: countResults(store), differences };
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await redis.kill();
  }
}

/** The kills in their order: each kind evenly over the trials. */
function schedule(
  kills: ChaosOptions['kills'],
  trials: number,
): { kind: keyof ChaosOptions['kills']; after: number }[] {
  const kinds = Object.keys(kills) as (keyof ChaosOptions['kills'])[];
  return kinds
    .flatMap((kind) =>
      Array.from({ length: kills[kind] }, (_, at) => ({
        kind,
        // The last trials are left: a kill needs something to hit.
        after: Math.floor(((at + 0.5) / kills[kind]) * (trials - 2)),
      })),
    )
    .sort((a, b) => a.after - b.after);
}

/** A worker whose trial has written a checkpoint. */
async function busyWorker(folder: string, workers: number, isOver: () => boolean): Promise<number> {
  for (let at = 0; !isOver(); at = (at + 1) % workers) {
    if (trialsAt(join(folder, `work-${at}`)).some((trial) => existsSync(join(trial, 'metrics.jsonl'))))
      return at;
    if (at === workers - 1) await sleep(LOOK);
  }
  throw new Error('the sweep ended before all kills');
}

function trialsAt(work: string): string[] {
  return foldersIn(work).flatMap((worker) => foldersIn(worker).filter((path) => /trial-\w+$/.test(path)));
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Kills a process and, as a machine that goes down does, the trials that it runs. */
async function kill(child: ChildProcess, work?: string): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  for (const trial of work === undefined ? [] : trialsAt(work)) {
    for (const owner of foldersIn(join(trial, 'lock'))) {
      try {
        process.kill(Number(/(\d+)@[^/]*$/.exec(owner)?.[1]), 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
  }
  await exit;
}

async function ended(planner: ChildProcess): Promise<Printed> {
  let [stdout, stderr] = ['', ''];
  planner.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  planner.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(planner, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the sweep ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as Printed;
}

function countResults(store: string): number {
  return foldersIn(store).filter((path) => existsSync(join(path, 'result.json'))).length;
}

/** How often a run continued from a checkpoint. */
function timesResumed(run: string): number {
  const log = readFileSync(join(run, 'output.log'), 'utf8');
  return log.split('continuing from ').length - 1;
}

/** Values that depend on the machine and its load. */
const TIMES = new Set(['seconds', 'samplesPerSecond', 'secondsToFirstStep', 'time']);

function withoutTimes(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (TIMES.has(key) ? undefined : inner));
}

/** The steps and metrics of a run, each of which must be there once. */
function journalOf(run: string): string {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as { kind: string; environment?: unknown });
  return withoutTimes(records.filter(({ kind }) => ['train', 'validation', 'test'].includes(kind)));
}

function compare(plain: Printed, queued: Printed, trials: number): string[] {
  const differences: string[] = [];
  if (queued.trials.length !== trials) differences.push(`${queued.trials.length} trials, not ${trials}`);
  for (const [at, expected] of plain.trials.entries()) {
    const got = queued.trials[at];
    if (got?.id !== expected.id) differences.push(`place ${at + 1}: ${got?.id}, not ${expected.id}`);
    else if (withoutTimes(got.summary) !== withoutTimes(expected.summary))
      differences.push(`${got.id}: other results`);
    else if (journalOf(got.run) !== journalOf(expected.run)) differences.push(`${got.id}: another journal`);
  }
  return differences;
}
