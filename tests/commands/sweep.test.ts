import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { readJournal } from '../../src/pipeline/runs/journal/journal.ts';
import type { RunSummary } from '../../src/pipeline/runs/summary.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { commandWords } from './built.ts';

async function startSweep(folder: string, ...args: string[]): Promise<ChildProcess> {
  const all = [
    'configs/mlp.yaml',
    '--sweep',
    'model={name: mlp, hidden: [4], dropout: 0.2}',
    'train={epochs: 2, batchSize: 25, limitTrain: 500, limitTest: 100, logEvery: 1, checkpointEvery: 2}',
    'data.validation=100',
    'device=cpu',
    `run.dir=${folder}`,
    ...args,
  ];
  return spawn(process.execPath, [...(await commandWords('train')), ...all]);
}

async function ended(sweep: ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  sweep.stdout!.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  sweep.stderr!.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  const [code] = (await once(sweep, 'close')) as [number];
  return { code, ...printed };
}

function trialFolders(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith('mlp-'));
  return names.map((name) => join(folder, name)).sort();
}

/** Lines in all journals together. */
function progressOf(folder: string): number {
  return trialFolders(folder)
    .map((path) => readdirSync(path).includes('metrics.jsonl') && readFileSync(join(path, 'metrics.jsonl')))
    .reduce((lines, journal) => lines + (journal ? journal.toString().split('\n').length - 1 : 0), 0);
}

/** Kills a sweep and its trials at once, as a machine that goes down does. */
async function killAll(sweep: ChildProcess, folder: string): Promise<void> {
  const exit = once(sweep, 'exit');
  sweep.kill('SIGKILL');
  for (const path of trialFolders(folder)) {
    for (const owner of readdirSync(path).includes('lock') ? readdirSync(join(path, 'lock')) : []) {
      try {
        process.kill(Number(owner.split('@')[0]), 'SIGKILL');
      } catch (error) {
        // A trial that saw its sweep end has ended, too.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
  await exit;
}

const weights = (path: string): string =>
  (JSON.parse(readFileSync(join(path, 'summary.json'), 'utf8')) as RunSummary).weightsSha256;

describe('src/train.ts --sweep', () => {
  const axes = ['optimizer.lr=1e-2,1e-3'];

  it(
    'runs each trial once, though it is killed twice, and two sweeps run at once',
    { timeout: 240_000 },
    async () => {
      await fetchFashionMnist('data/raw');
      const whole = temporaryFolder();
      expect(await ended(await startSweep(whole, ...axes, '--jobs', '2'))).toMatchObject({ code: 0 });

      const folder = temporaryFolder();
      for (const lines of [12, 50]) {
        const sweep = await startSweep(folder, ...axes, '--jobs', '2');
        while (sweep.exitCode === null && progressOf(folder) < lines) await sleep(2);
        expect(sweep.exitCode).toBeNull();
        await killAll(sweep, folder);
      }
      // The second is asked for one trial more.
      const [first, second] = await Promise.all([
        ended(await startSweep(folder, ...axes)),
        ended(await startSweep(folder, 'optimizer.lr=1e-4,1e-3,1e-2')),
      ]);
      expect([first.code, second.code]).toEqual([0, 0]);
      expect(first.stdout).toMatch(/rank +optimizer.lr +validation accuracy[^]*\n2 /);
      expect(second.stdout).toMatch(/\n3 /);

      const trials = trialFolders(folder);
      expect(trials).toHaveLength(3);
      for (const path of trials) {
        // 20 steps an epoch, two epochs, their validations, one test: nothing is missing, and nothing there twice.
        const kinds = readJournal(join(path, 'metrics.jsonl')).map(({ kind, step }) => `${kind} ${step}`);
        expect(kinds).toHaveLength(43);
        expect(new Set(kinds).size).toBe(43);
      }
      for (const path of trialFolders(whole)) {
        expect(weights(path.replace(whole, folder))).toBe(weights(path));
      }

      const before = trials.map((path) => statSync(join(path, 'summary.json')).mtimeMs);
      const again = await ended(await startSweep(folder, ...axes));
      expect(again.stderr).toContain('2 trials, 2 of them finished before');
      expect(trials.map((path) => statSync(join(path, 'summary.json')).mtimeMs)).toEqual(before);
    },
  );

  it('goes on after a trial that fails, and reports it', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await ended(await startSweep(folder, 'optimizer.lr=1e30,1e-2'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/\n1 +1e-2 .* finished[^]*\n +1e30 .* failed[^]*failed:\n[^]*The loss became/);
  });

  it('searches, and continues a search with more trials', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder();
    const search = (trials: number): Promise<ChildProcess> =>
      startSweep(
        folder,
        'optimizer.lr=log(1e-5,1)',
        'sweep.search=tpe',
        `sweep.trials=${trials}`,
        'sweep.startupTrials=2',
      );
    const first = await ended(await search(3));
    expect(first).toMatchObject({ code: 0 });
    const before = trialFolders(folder);
    const second = await ended(await search(4));
    expect(second.stderr).toContain('4 trials, 3 of them finished before');
    expect(second.stderr).toMatch(/4\/4 {2}optimizer.lr=\S+: validation accuracy/);
    expect(second.stdout).toMatch(/\n4 /);
    const after = trialFolders(folder);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after).toHaveLength(4);
    expect(readFileSync(join(after[0]!, 'config.yaml'), 'utf8')).not.toContain('sweep');
  });

  it('stops its trials on Ctrl-C', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const sweep = await startSweep(folder, 'seed=1,2,3,4,5,6', 'optimizer.lr=1e-3');
    const end = ended(sweep);
    while (sweep.exitCode === null && progressOf(folder) < 4) await sleep(2);
    sweep.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    expect(stderr).toContain('the same command continues');
    expect(stdout).toMatch(/interrupted[^]*waiting/);
  });

  it.each([
    [['--jobs', '0', 'seed=1'], '--jobs takes a whole number'],
    [['optimizer.lrr=1,2'], 'optimizer.lrr'],
    [['optimizer.lr=log(1e-4,1)', 'sweep={search: tpe, trials: 0}'], 'sweep.trials'],
    [['optimizer.lr=log(1e-4,1)', 'sweep.search=tpee'], 'did you mean tpe?'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stderr } = await ended(await startSweep(temporaryFolder(), ...args));
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(2);
  });
});
