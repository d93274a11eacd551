import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import type { FinishedRun } from '../../src/pipeline/experiment/run.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { commandWords } from './built.ts';
import { drawKills, tinyTraining, trainKilled, trainWhole } from '../pipeline/experiment/kills.ts';

async function train(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return spawnSync(process.execPath, [...(await commandWords('train')), ...args], { encoding: 'utf8' });
}

describe('src/train.ts --resume', () => {
  it('ends as if it had never been killed', { timeout: 120_000 }, async () => {
    await fetchFashionMnist('data/raw');
    const { steps, ...whole } = await trainWhole(tinyTraining('cpu', temporaryFolder()));
    for (const kills of [drawKills(1, steps, 1, 1), drawKills(3, steps, 1, 2)]) {
      const folder = temporaryFolder();
      expect(await trainKilled(tinyTraining('cpu', folder), kills)).toMatchObject(whole);
      const again = await train('--resume', join(folder, 'latest'));
      expect(again.stderr).toMatch(/is finished: 3 epochs, test accuracy .* train.epochs=6/);
      expect(again.status).toBe(0);
    }
  });

  it('continues, with the same call each time, a run that was killed, and reads a finished one', async () => {
    await fetchFashionMnist('data/raw');
    const { steps, ...whole } = await trainWhole(tinyTraining('cpu', temporaryFolder()));
    const folder = temporaryFolder();
    const call = [...tinyTraining('cpu', folder), '--continue'];
    expect(await trainKilled(call, drawKills(1, steps, 1, 3), call)).toMatchObject(whole);
    const again = await train(...call, '--json');
    const { path, summary } = JSON.parse(again.stdout) as FinishedRun;
    expect([again.status, again.stderr, summary.weightsSha256]).toEqual([0, '', whole.weightsSha256]);
    expect(readdirSync(folder).sort()).toEqual([basename(path), 'latest']);
  });

  it.each([
    ['a run that is not there', ['--resume', 'runs/none'], 1, /there is no such run/],
    ['a configuration file', ['--resume', 'latest', 'configs/mlp.yaml'], 2, /leave out configs\/mlp.yaml/],
  ])('refuses %s', async (_, args, code, message) => {
    const { status, stderr } = await train(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(code);
  });
});
