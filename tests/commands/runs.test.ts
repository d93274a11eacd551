import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LockedError, lockFolder } from '../../src/pipeline/files/lock.ts';
import { removableRun, removeRun } from '../../src/pipeline/runs/remove.ts';
import { readRunFacts } from '../../src/pipeline/runs/facts.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { sampleRecords, writeRun } from '../pipeline/tracking/fixture.ts';
import { callCommand, type Outcome, spawnCommand } from './commands.ts';

function runs(root: string, ...args: string[]): Promise<Outcome> {
  return callCommand('runs', ...args, '--runs', root);
}

const [A, B] = ['20261124-134455-small', '20261124-140000-small'];

/** A finished run, one that was killed in its first epoch, and `latest`. */
function sampleRoot(): string {
  const root = temporaryFolder();
  writeRun(root, A, sampleRecords(3), { lr: 0.01 });
  writeRun(root, B, sampleRecords(1).slice(0, 3), { lr: 0.5 });
  symlinkSync(B, join(root, 'latest'));
  return root;
}

describe('src/runs.ts', () => {
  it('lists the trials of a sweep among the runs', async () => {
    const root = sampleRoot();
    const trial = 'small-3e3de5783dd6fffd';
    writeRun(root, trial, sampleRecords(1), { lr: 0.1 });
    mkdirSync(join(root, 'sweeps'));
    const { code, stdout } = await spawnCommand('runs', 'list', '--runs', root);
    expect(code).toBe(0);
    expect(stdout.match(/small\S*/g)).toEqual(['small', trial, 'small']);
    expect(stdout).not.toContain('sweeps');
  });

  it('lists runs with their state and differences, sorted as asked', async () => {
    const root = sampleRoot();
    const { code, stdout } = await runs(root, 'list', '--sort', 'optimizer.lr', '--reverse');
    expect(code).toBe(0);
    const [header, ...lines] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^run +status +accuracy +epochs +time +differs in +device$/);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^20261124-140000-small +interrupted +25\.00 % \(validation\) +1 +0:03 +optimizer\.lr=0\.5 +auto$/,
    );
    expect(lines[1]).toMatch(/^20261124-134455-small +finished +75\.00 % +3 .*optimizer\.lr=0\.01 +auto$/);
    const ids = async (...args: string[]): Promise<string[]> =>
      (JSON.parse((await runs(root, '--json', ...args)).stdout) as { id: string }[]).map(({ id }) => id);
    expect(await ids()).toEqual([A, B]);
    expect(await ids('--limit', '1')).toEqual([A]);
    expect(await ids('--reverse')).toEqual([B, A]);
    expect(await ids('--where', 'optimizer.lr=0.5')).toEqual([B]);
    expect((await runs(root, '--where', 'accuracy>0.9')).stdout).toBe(
      'none of 2 runs fulfils accuracy>0.9\n',
    );
  });

  it('tags runs and notes what to remember', async () => {
    const root = sampleRoot();
    expect((await runs(root, 'tag', 'latest', 'baseline', 'short')).stdout).toMatch(/: baseline short\n$/);
    expect((await runs(root, 'tag', 'latest', '--remove', 'short')).stdout).toMatch(/: baseline\n$/);
    expect((await runs(root, 'note', 'latest', 'too', 'noisy')).stdout).toMatch(/: too noisy\n$/);
    expect(JSON.parse((await runs(root, 'note', B, '--json')).stdout)).toMatchObject({ notes: 'too noisy' });
    expect((await runs(root, 'show', B)).stdout).toContain('\ntags: baseline\nnotes: too noisy\n');
    expect((await runs(root, 'list', '--where', 'tag=baseline')).stdout).toMatch(/tags[^]*baseline/);
    const compared = await runs(root, 'compare', A, B, '--out', join(root, 'x'));
    expect(compared.stdout).toMatch(/tags +– +baseline\n +notes +– +too noisy\n/);
    expect(await runs(root, 'tag', B, 'a b')).toMatchObject({ code: 2 });
  });

  it('shows a run, and compares two in text and in one figure', async () => {
    const root = sampleRoot();
    const shown = await runs(root, 'show', 'latest');
    expect(shown.stdout).toMatch(/interrupted[^]*optimizer\.lr: 0\.5[^]*git\.commit[^]*metrics\.jsonl/);
    const out = join(root, 'figures', 'both');
    const { code, stdout } = await runs(root, 'compare', A, B, '--out', out);
    expect(code).toBe(0);
    expect(stdout).toMatch(/optimizer\.lr +0\.01 +0\.5\n/);
    expect(stdout).toMatch(/validation\/accuracy +0\.25 +0\.25\n/);
    const svg = readFileSync(`${out}.svg`, 'utf8');
    for (const text of [A, B, 'loss', 'accuracy', 'epochs trained']) expect(svg).toContain(text);
    expect(readFileSync(`${out}.png`).subarray(1, 4).toString()).toBe('PNG');
  });

  it('removes runs, but none that is under way, and nothing else', async () => {
    const root = sampleRoot();
    expect(await runs(root, 'rm', A)).toMatchObject({ code: 2 });
    const outside = temporaryFolder();
    writeRun(outside, A, sampleRecords(1));
    mkdirSync(join(root, '20261124-150000-notes'));
    for (const path of [join(outside, A), '..', '.', join(A, 'checkpoints'), '20261124-150000-notes']) {
      await expect(removableRun(root, path)).rejects.toThrow(/is not removed|there is no such run/);
    }
    expect(await runs(root, 'rm', '--yes', A, join(outside, A))).toMatchObject({ code: 1, stdout: '' });
    const unlock = await lockFolder(join(root, B));
    expect((await readRunFacts(join(root, B))).status).toBe('running');
    await expect(removeRun(join(root, B))).rejects.toThrow(LockedError);
    await unlock();
    for (const path of [join(outside, A), join(root, A), join(root, B)]) expect(existsSync(path)).toBe(true);
    expect(await runs(root, 'rm', '--yes', 'latest')).toMatchObject({ code: 0 });
    expect([existsSync(join(root, A)), existsSync(join(root, B))]).toEqual([true, false]);
  });

  it('replays a run into trackers', async () => {
    const root = sampleRoot();
    const { code, stdout } = await runs(root, 'sync', A, '--to', 'csv');
    expect(stdout).toMatch(/134455-small: csv\n/);
    expect(code).toBe(0);
    expect(readFileSync(join(root, A, 'metrics.csv'), 'utf8')).toContain(',test,accuracy,0.75\n');
  });

  it.each([
    ['an unknown command', ['lst'], 'Did you mean list?'],
    ['an unknown sort key', ['list', '--sort', 'acuracy'], 'Did you mean accuracy?'],
    ['an unknown tracker', ['sync', A, '--to', 'tensorbord'], 'Did you mean tensorboard?'],
    ['a comparison of one', ['compare', A], 'two runs'],
    ['an unknown option', ['--fast'], '--fast'],
    ['the earlier name of --runs', ['list', '--dir', 'x'], "unknown option '--dir'; its name is --runs"],
    ['a limit of none', ['list', '--limit', '0'], '--limit takes a whole number from 1 up'],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await runs(temporaryFolder(), ...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
