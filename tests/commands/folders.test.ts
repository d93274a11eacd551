import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { spawnCommandIn } from './commands.ts';

beforeAll(() => fetchFashionMnist('data/raw'));

describe('a command finds the folders of the project', () => {
  it('from a folder inside it, where typed paths are relative', async () => {
    const cwd = 'tests/commands';
    const runs = temporaryFolder();
    const options = ['device=cpu', 'model.hidden=[8]', 'train.limitTrain=100', 'train.limitTest=50'];
    const trained = await spawnCommandIn(
      { cwd },
      'train',
      '../../configs/mlp.yaml',
      'train.epochs=1',
      ...options,
      '--runs',
      relative(cwd, runs),
      '--json',
    );
    expect(trained).toMatchObject({ code: 0 });
    const { path, summary } = JSON.parse(trained.stdout) as { path: string; summary: { epochs: number } };
    expect(summary.epochs).toBe(1);
    expect(readdirSync(runs)).toContain(path.split('/').at(-1));
    const resumed = await spawnCommandIn(
      { cwd },
      'train',
      ...['--resume', 'latest', `run.dir=${runs}`, 'train.epochs=2', '--json'],
    );
    expect(JSON.parse(resumed.stdout)).toMatchObject({ summary: { epochs: 2 } });
    const byFolder = await spawnCommandIn({ cwd }, 'runs', 'show', relative(cwd, path), '--json');
    expect(JSON.parse(byFolder.stdout)).toMatchObject({ epochs: 2, status: 'finished' });
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });

  it('from a folder outside', async () => {
    const cwd = temporaryFolder();
    const { code, stdout } = await spawnCommandIn({ cwd }, 'registry', 'list', '--json');
    expect(code).toBe(0);
    expect(stdout).toContain('"mlp"');
    expect(readdirSync(cwd)).toEqual([]);
  });
});
