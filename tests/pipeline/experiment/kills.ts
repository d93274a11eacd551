import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { philox4x32 } from '../../../src/backend/philox.ts';
import { readJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { commandWords } from '../../commands/built.ts';

/** When a process is killed: once it has journalled a step, and some milliseconds later. */
export interface Kill {
  readonly step: number;
  readonly delay: number;
}

/** Kills that look random and are the same every time, in the order of their steps. */
export function drawKills(count: number, steps: number, seed: number, stream: number): Kill[] {
  return Array.from({ length: count }, (_, at) => {
    const [first, second] = philox4x32([at, 0, stream, 0], [seed, 0]);
    return { step: 1 + (first % (steps - 1)), delay: second % 40 };
  }).sort((a, b) => a.step - b.step);
}

/** A training that has all that resuming could forget, and takes a second or two; every step is journalled. */
export function tinyTraining(device: string, folder: string): string[] {
  return [
    'configs/cnn.yaml',
    `device=${device}`,
    `run.dir=${folder}`,
    'model={name: cnn, channels: [2, 4], hidden: [8], dropout: 0.3}',
    'data.augmentation={flip: 0.5, shift: 2, erase: 0.25}',
    'schedule={name: onecycle, maxLr: 0.01}',
    'train={epochs: 3, batchSize: 50, limitTrain: 1000, limitTest: 200, logEvery: 1, checkpointEvery: 3}',
    'data.validation=500',
  ];
}

/** Trains in a process, without kills. */
export async function trainWhole(args: readonly string[]): Promise<Result> {
  await ended(await start(args));
  return resultOf(folderOf(args));
}

/** Trains in a process that is killed (SIGKILL) again and again, and resumed each time, with the arguments `again`. */
export async function trainKilled(
  args: readonly string[],
  kills: readonly Kill[],
  again: readonly string[] = ['--resume', join(folderOf(args), 'latest')],
): Promise<Result & Killed> {
  const folder = folderOf(args);
  const resumed: number[] = [];
  let next = args;
  for (const kill of kills) {
    const child = await start(next);
    const exit = ended(child);
    while (child.exitCode === null && stepsOf(folder) < kill.step) await sleep(1);
    await sleep(kill.delay);
    child.kill('SIGKILL');
    await exit.catch((error: unknown) => {
      if (!(error instanceof Killing)) throw error;
    });
    resumed.push(stepsOf(folder));
    next = again;
  }
  await ended(await start(next));
  return { ...resultOf(folder), killedAt: resumed };
}

/** What must be equal at the end. */
export interface Result {
  readonly weightsSha256: string;
  /** The journal, what depends on time left out. */
  readonly records: readonly string[];
  readonly steps: number;
}

export interface Killed {
  /** The last steps that were in the journal at each kill. */
  readonly killedAt: readonly number[];
}

class Killing extends Error {}

function folderOf(args: readonly string[]): string {
  return args.find((arg) => arg.startsWith('run.dir='))!.slice('run.dir='.length);
}

function resultOf(folder: string): Result {
  const path = join(folder, 'latest');
  const { weightsSha256, steps } = JSON.parse(readFileSync(join(path, 'summary.json'), 'utf8')) as RunSummary;
  // Without what the clock says.
  const records = readJournal(join(path, 'metrics.jsonl')).map((record) =>
    JSON.stringify({ ...record, time: 0, metrics: { ...record.metrics, samplesPerSecond: 0 } }),
  );
  return { weightsSha256, records, steps };
}

/** The last step in the journal of the latest run; 0 before the first. */
function stepsOf(folder: string): number {
  try {
    const text = readFileSync(join(folder, 'latest', 'metrics.jsonl'), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    return (JSON.parse(lines.at(-1) ?? '{"step":0}') as { step: number }).step;
  } catch {
    return 0;
  }
}

async function start(args: readonly string[]): Promise<ChildProcess> {
  return spawn(process.execPath, [...(await commandWords('train')), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Waits for a process; throws unless it ends well. */
function ended(child: ChildProcess): Promise<void> {
  let printed = '';
  child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else if (signal === 'SIGKILL') reject(new Killing());
      else reject(new Error(`train.ts ended with ${signal ?? `exit code ${code}`}:\n${printed}`));
    });
  });
}
