import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { spawnCommand } from '../commands/commands.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

test('src/train.ts trains on real images and leaves the whole run folder', async () => {
  await fetchFashionMnist('data/raw');
  const folder = temporaryFolder();
  const quick = ['device=cpu', 'train.epochs=1', 'train.limitTrain=500', 'train.limitTest=200'];
  const { code, stdout, stderr } = await spawnCommand(
    'train',
    'configs/mlp.yaml',
    ...quick,
    'model.hidden=[16]',
    `run.dir=${folder}`,
  );
  expect(stderr + stdout).toContain('test accuracy');
  expect(stderr).toMatch(/1 +Linear +\[128, 16\] +12,560\n[^]*total {2}12,730 parameters, 50,920 bytes\n/);
  expect(code).toBe(0);
  const run = join(folder, 'latest');
  expect(readdirSync(run).sort()).toEqual(
    ['checkpoints', 'config.yaml', 'environment.json', 'metrics.jsonl', 'summary.json'].sort(),
  );
  const summary = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as Record<string, unknown>;
  expect(summary).toMatchObject({ seed: 42, parameterCount: 784 * 16 + 16 + 160 + 10 });
  expect(summary.testAccuracy).toBeGreaterThan(0.3);
  expect(summary.weightsSha256).toMatch(/^[0-9a-f]{64}$/);
  const environment = JSON.parse(readFileSync(join(run, 'environment.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(Object.keys(environment.dataChecksums as object)).toHaveLength(4);
});
