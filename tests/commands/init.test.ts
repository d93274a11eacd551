import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { readJournal } from '../../src/pipeline/runs/journal/journal.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, type Outcome, spawnCommand } from './commands.ts';

/** Trains one step of rate 0, so that the weights stay those of the start. */
function train(runs: string, ...more: string[]): Promise<Outcome> {
  return spawnCommand(
    'train',
    'configs/mlp.yaml',
    'device=cpu',
    'data.validation=100',
    'train={epochs: 1, limitTrain: 128, limitTest: 500}',
    'optimizer.lr=0',
    '--runs',
    runs,
    ...more,
  );
}

beforeAll(() => fetchFashionMnist('data/raw'));

describe('src/train.ts --init', () => {
  it('starts with the weights of a model, keeps them in the run, and is reproduced without the file', async () => {
    const runs = temporaryFolder();
    const models = join(temporaryFolder(), 'models');
    cpSync('models', models, { recursive: true });
    const warm = await train(runs, '--init', 'mlp@champion', '--models', models, '--json');
    expect(warm).toMatchObject({ code: 0 });
    const { path, summary } = JSON.parse(warm.stdout) as {
      path: string;
      summary: { testAccuracy: number; weightsSha256: string };
    };
    const { weightsSha256 } = JSON.parse(readFileSync('models/mlp/1/model.json', 'utf8')) as {
      weightsSha256: string;
    };
    expect(summary.weightsSha256).toBe(weightsSha256);
    expect(summary.testAccuracy).toBeGreaterThan(0.8);
    const weights = join(models, 'mlp', '1', 'weights.safetensors');
    expect(readFileSync(join(path, 'config.yaml'), 'utf8')).toContain(`init: ${weights}\n`);
    expect(readFileSync(join(path, 'init.safetensors')).equals(readFileSync(weights))).toBe(true);
    rmSync(models, { recursive: true });
    const verified = await callCommand('verify', path);
    expect(verified.stdout).toMatch(/verdict +reproduced\n/);
    expect(readJournal(join(path, 'metrics.jsonl'))).not.toEqual([]);

    const again = await train(runs, '--init', 'latest', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ summary: { weightsSha256 } });
  });

  it('names the tensor that does not fit', async () => {
    const { code, stderr } = await train(
      temporaryFolder(),
      '--init',
      'mlp@champion',
      'model.hidden=[256, 64]',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('weights.safetensors: does not fit the model of this run');
    expect(stderr).toMatch(
      /loadStateDict: 3\.weight does not fit\n {2}takes {2}float32\[64, 256\]\n {2}got {4}float32\[128, 256\]/,
    );
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    ['what is not there', ['--init', 'nobody'], 1, 'models holds cnn, mlp'],
    ['a file that is not there', ['--init', 'none.safetensors'], 1, 'none.safetensors'],
    ['a resumed run', ['--resume', 'latest', '--init', 'mlp'], 2, '--init cannot be combined with --resume'],
  ])('refuses %s', async (_, args, expected, message) => {
    const words = args.includes('--resume')
      ? args
      : ['configs/mlp.yaml', 'device=cpu', '--runs', temporaryFolder(), ...args];
    const { code, stderr } = await spawnCommand('train', ...words);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(expected);
  });
});
