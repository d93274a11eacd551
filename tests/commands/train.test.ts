import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FASHION_MNIST_FILES, listFiles } from '../../src/pipeline/data/fashionMnist.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { mountTmpfs, temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, type Outcome, spawnCommand } from './commands.ts';

/** Runs the command as a user would, on the CPU and on few images unless told otherwise. */
function runTrain(...args: string[]): Promise<Outcome> {
  const quick = [
    'device=cpu',
    'train.epochs=1',
    'train.limitTrain=500',
    'train.limitTest=200',
    'model.hidden=[16]',
  ];
  return spawnCommand('train', 'configs/mlp.yaml', ...quick, ...args);
}

describe('src/train.ts', () => {
  it('profiles some steps, prints the table, and writes it and a trace into the run’s folder', async () => {
    await fetchFashionMnist('data/raw');
    const folder = temporaryFolder();
    const { code, stdout } = await runTrain('--profile', 'train.batchSize=10', `run.dir=${folder}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /profile +steps 21 to \d+ on cpu[^]*\nkernel +variant +shape[^]*\nmatmul .*\n[^]*\nall /,
    );
    expect(stdout).toMatch(/files +\S+profile\.json, \S+trace\.json/);
    expect(readdirSync(join(folder, 'latest'))).toEqual(
      expect.arrayContaining(['profile.json', 'trace.json', 'summary.json']),
    );
  });

  it('refuses to train on nothing', async () => {
    await fetchFashionMnist('data/raw');
    const folder = temporaryFolder();
    const { code, stderr } = await runTrain('data.validation=60000', `run.dir=${folder}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /data\.validation: nothing is left to train on[^]*fewer than the 60000 training images/,
    );
    const shifted = await runTrain('data.augmentation.shift=28', `run.dir=${folder}`);
    expect(shifted.code).toBe(1);
    expect(shifted.stderr).toMatch(
      /data\.augmentation\.shift: nothing of an image may be left[^]*fewer pixels than the 28 of a side/,
    );
  });

  it('explains itself, and prints the resolved configuration', async () => {
    const help = await callCommand('train', '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/optimizer\.lr[^]*exit codes|exit codes[^]*optimizer\.lr/);
    const printed = await callCommand('train', 'configs/mlp.yaml', '--print-config', 'train.epochs=3');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain('epochs: 3');
  });

  it.each([
    ['no configuration', [], 'missing configuration file'],
    ['a file that is not there', ['configs/none.yaml'], 'configs/none.yaml'],
    ['an unknown key', ['configs/mlp.yaml', 'optimiser.lr=1'], 'optimizer'],
    ['an unknown device', ['configs/mlp.yaml', 'device=gpu'], 'webgpu'],
    ['an unknown option', ['configs/mlp.yaml', '--fast'], '--fast'],
    [
      'a key with dashes',
      ['configs/mlp.yaml', '--epochs', '3'],
      'keys are set without dashes: train.epochs=3',
    ],
    [
      'a profile of a sweep',
      ['configs/mlp.yaml', '--sweep', 'seed=1,2', '--profile'],
      '--sweep cannot be combined with --profile',
    ],
    [
      'a sweep that resumes',
      ['configs/mlp.yaml', '--sweep', '--resume', 'latest'],
      '--sweep cannot be combined with --resume',
    ],
    [
      'to print the configuration of a resumed run',
      ['--resume', 'latest', '--print-config'],
      '--print-config cannot be combined with --resume',
    ],
    [
      'to print the configuration of a sweep',
      ['configs/mlp.yaml', 'seed=1,2', '--sweep', '--print-config'],
      '--print-config cannot be combined with --sweep',
    ],
    [
      'random draws without a sweep',
      ['configs/mlp.yaml', 'seed=1,2', '--random', '3'],
      '--random goes with --sweep only',
    ],
  ])('refuses %s with exit code 2', async (_, args, expected) => {
    const { code, stdout, stderr } = await callCommand('train', ...args);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('reports every mistake of a configuration at once', async () => {
    const file = join(temporaryFolder(), 'bad.yaml');
    writeFileSync(
      file,
      'name: bad\nmodel: { name: mlp, hiden: [1] }\noptimizer: { name: adam, lr: fast }\nseed: -1\n',
    );
    const { code, stderr } = await callCommand('train', file);
    for (const part of ['hiden', 'hidden', 'optimizer.lr', 'seed']) expect(stderr).toContain(part);
    expect(code).toBe(2);
  });

  it.each(['/proc/runs', '/dev/null/runs'])(
    'refuses the run folder %s, which cannot be made',
    async (folder) => {
      const { code, stderr } = await runTrain(`run.dir=${folder}`);
      expect(stderr).toContain(folder);
      expect(stderr).not.toContain('epoch 1');
      expect(stderr).not.toContain('    at ');
      expect(code).toBe(1);
    },
  );

  it('ends in one message when the disk is full, with nothing half-written', async (context) => {
    // Room for the small files and the first checkpoints of a small model, not for those of a larger one.
    const folder = mountTmpfs(context, 'size=200k');
    const { code, stderr } = await runTrain(`run.dir=${folder}`, 'model.hidden=[256]');
    expect(stderr).toMatch(/disk|space/i);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
    expect(readdirSync(join(folder, 'latest', 'checkpoints'))).toEqual([]);
  });

  it('ends a diverging training with the step and the last good checkpoint', async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await runTrain(`run.dir=${folder}`, 'optimizer.lr=1e30', 'train.logEvery=2');
    expect(stderr).toMatch(/The loss became \S+ at step \d+/);
    expect(stderr).toContain('last.safetensors');
    expect(code).toBe(1);
  });

  it('says which file of the data is corrupt, and how it is replaced', async () => {
    const root = temporaryFolder();
    const [first] = listFiles(FASHION_MNIST_FILES);
    writeFileSync(join(root, first!.name), 'not an IDX file');
    const { code, stderr } = await runTrain(`run.dir=${temporaryFolder()}`, `data.root=${root}`);
    expect(stderr).toContain(first!.name);
    expect(stderr).toContain('--replace');
    expect(code).toBe(1);
  });
});
