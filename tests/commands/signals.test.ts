import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/pipeline/checkpoint/checkpoint.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { readRecords } from '../../src/pipeline/runs/journal/journal.ts';
import type { RunSummary } from '../../src/pipeline/runs/summary.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

const TINY = [
  'configs/mlp.yaml',
  'device=cpu',
  'model.hidden=[16]',
  'data.validation=100',
  'train={batchSize: 25, limitTrain: 500, limitTest: 100, logEvery: 4, checkpointEvery: 100000}',
];
const ENDLESS = 'train.epochs=100000';

function train(folder: string, ...more: string[]): string[] {
  return ['src/train.ts', ...TINY, `run.dir=${folder}`, ...more];
}

/** Waits until a process prints some text on one of its streams. */
async function printed(child: ChildProcess, stream: 'stdout' | 'stderr', text: string): Promise<void> {
  let all = '';
  for await (const chunk of child[stream]!.iterator({ destroyOnReturn: false })) {
    all += String(chunk);
    if (all.includes(text)) return;
  }
  throw new Error(`ended without '${text}': ${all}`);
}

/** That a training was interrupted, with a checkpoint at its last step. */
async function expectInterrupted(path: string): Promise<void> {
  const end = readRecords(join(path, 'metrics.jsonl')).at(-1)!;
  expect(end).toMatchObject({ kind: 'end', status: 'interrupted' });
  const { position } = await readCheckpoint(join(path, 'checkpoints', 'last.safetensors'));
  expect(position.step).toBeGreaterThan(0);
  expect(position.step).toBe(end.step);
}

beforeAll(() => fetchFashionMnist('data/raw'));

describe('a training', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends at %s with a checkpoint and exit code %i', async (signal, code) => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, ['--import', 'tsx', ...train(folder, ENDLESS)]);
    await printed(child, 'stderr', 'epoch 2/');
    const ended = once(child, 'close');
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    await expectInterrupted(join(folder, 'latest'));
  });

  it.each([
    ['npx', 'SIGTERM'],
    ['npx', 'SIGKILL'],
    ['tsx', 'SIGHUP'],
    ['tsx', 'SIGINT'],
  ] as const)('that %s started ends with a checkpoint when that gets %s', async (program, signal) => {
    const folder = temporaryFolder();
    const [command, ...words] = program === 'npx' ? ['npx', 'tsx'] : [join('node_modules', '.bin', 'tsx')];
    const child = spawn(command, [...words, ...train(folder, ENDLESS)]);
    await printed(child, 'stderr', 'epoch 2/');
    // The streams close when the training has ended, too.
    const ended = once(child, 'close');
    child.kill(signal);
    child.stderr.resume();
    await ended;
    await expectInterrupted(join(folder, 'latest'));
  });

  it('goes on where nobody reads what it prints', async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, ['--import', 'tsx', ...train(folder, 'train.epochs=3')]);
    child.stdout.destroy();
    await printed(child, 'stderr', 'device');
    child.stderr.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    const summary = JSON.parse(readFileSync(join(folder, 'latest', 'summary.json'), 'utf8')) as RunSummary;
    expect(summary.epochs).toBe(3);
  });

  it('goes on where its output cannot be written, and says so with exit code 1', async () => {
    const folder = temporaryFolder();
    const full = openSync('/dev/full', 'w');
    const words = ['--import', 'tsx', ...train(folder, 'train.epochs=3')];
    const silent = spawn(process.execPath, words, { stdio: ['ignore', full, full] });
    expect(await once(silent, 'exit')).toEqual([1, null]);
    const summary = JSON.parse(readFileSync(join(folder, 'latest', 'summary.json'), 'utf8')) as RunSummary;
    expect(summary.epochs).toBe(3);
  });
});

describe('a listing', () => {
  const list = ['--import', 'tsx', 'src/kernels.ts', 'list', '--help'];

  it('ends with 0 where its reader has gone', async () => {
    const child = spawn(process.execPath, list);
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(errors).toBe('');
  });

  it('ends with 1 and one message where the disk is full', async () => {
    const child = spawn(process.execPath, list, { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
    let errors = '';
    child.stderr!.on('data', (chunk) => (errors += String(chunk)));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(errors).toMatch(/^cannot write to standard output: .*no space left on device.*\n$/);
  });
});

it('a trial ends with a checkpoint when its sweep is killed', async () => {
  const folder = temporaryFolder();
  const words = train(folder, ENDLESS, '--sweep', 'seed=1,2');
  const sweep = spawn(process.execPath, ['--import', 'tsx', ...words]);
  await printed(sweep, 'stderr', '2 trials');
  const trial = await appears(folder, /^mlp-/);
  await appears(join(folder, trial), /^metrics\.jsonl$/);
  const [owner] = readdirSync(join(folder, trial, 'lock'));
  sweep.kill('SIGKILL');
  const pid = Number(owner!.split('@')[0]);
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  await expectInterrupted(join(folder, trial));
});

/** The name of the first file of a kind, when there is one. */
async function appears(folder: string, kind: RegExp): Promise<string> {
  for (;;) {
    const name = readdirSync(folder).find((each) => kind.test(each));
    if (name !== undefined) return name;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('a service that npx started ends when npx gets SIGTERM', async () => {
  const child = spawn('npx', ['tsx', 'src/api.ts', '--port', '0', '--device', 'cpu', '--model', 'mlp']);
  await printed(child, 'stdout', 'Server listening');
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  let log = '';
  child.stdout.on('data', (chunk) => (log += String(chunk)));
  await ended;
  expect(log).toContain('draining');
});
