import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { drawKills, tinyTraining, trainKilled, trainWhole } from '../pipeline/experiment/kills.ts';

function train(...args: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', 'src/train.ts', ...args], { encoding: 'utf8' });
}

describe('src/train.ts --resume', () => {
  it('ends as if it had never been killed', { timeout: 120_000 }, async () => {
    await fetchFashionMnist('data/raw');
    const { steps, ...whole } = await trainWhole(tinyTraining('cpu', temporaryFolder()));
    for (const kills of [drawKills(1, steps, 1, 1), drawKills(3, steps, 1, 2)]) {
      const folder = temporaryFolder();
      expect(await trainKilled(tinyTraining('cpu', folder), kills)).toMatchObject(whole);
      const again = train('--resume', join(folder, 'latest'));
      expect(again.stderr).toMatch(/is finished: 3 epochs, test accuracy .* train.epochs=6/);
      expect(again.status).toBe(0);
    }
  });

  it.each([
    ['a run that is not there', ['--resume', 'runs/none'], 1, /there is no such run/],
    ['a configuration file', ['--resume', 'latest', 'configs/mlp.yaml'], 2, /leave out configs\/mlp.yaml/],
  ])('refuses %s', (_, args, code, message) => {
    const { status, stderr } = train(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(code);
  });
});
