import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, spawnCommand } from './commands.ts';

describe('src/visualize.ts', () => {
  it('draws a run that was trained just now', { timeout: 120_000 }, async () => {
    await fetchFashionMnist('data/raw');
    const folder = temporaryFolder();
    const quick = ['device=cpu', 'train.epochs=1', 'train.limitTrain=500', 'train.limitTest=200'];
    expect(
      await spawnCommand('train', 'configs/mlp.yaml', ...quick, 'model.hidden=[16]', `run.dir=${folder}`),
    ).toMatchObject({ code: 0 });
    const tracked = (): string =>
      execFileSync('git', ['status', '--porcelain', 'reports'], { encoding: 'utf8' });
    const before = tracked();
    const alone = await spawnCommand('visualize', 'latest', '--runs', folder, '--images', '60', '--json');
    const run = realpathSync(join(folder, 'latest'));
    expect(JSON.parse(alone.stdout)).toMatchObject({ page: join(run, 'report.html') });
    expect(readdirSync(join(run, 'figures'))).toHaveLength(14);
    expect(tracked()).toBe(before);
    const reports = join(folder, 'reports');
    // What another run had, and what is not a figure of a run.
    mkdirSync(join(reports, 'figures'), { recursive: true });
    for (const name of ['corruptions.svg', 'corruptions.png', 'mine.svg']) {
      writeFileSync(join(reports, 'figures', name), '');
    }
    const { code, stderr } = await spawnCommand(
      'visualize',
      ...['latest', '--runs', folder, '--reports', reports, '--images', '60'],
    );
    expect(stderr).toContain('left out: accuracy under corruptions');
    expect(code).toBe(0);
    const names = readdirSync(join(reports, 'figures')).sort();
    expect(names).toHaveLength(15);
    expect(names).toContain('mine.svg');
    expect(names).not.toContain('corruptions.svg');
    expect(names.slice(0, 2)).toEqual(['class-samples.png', 'class-samples.svg']);
    const page = readdirSync(reports).find((name) => name.endsWith('-mlp-fashion-mnist.html'));
    expect(readFileSync(join(reports, page!), 'utf8')).toContain('limitTrain: 500');
  });

  it('explains itself, and refuses what it does not understand', async () => {
    expect(await callCommand('visualize', '--help')).toMatchObject({ code: 0, stderr: '' });
    const none = await callCommand('visualize');
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('missing argument <run>');
    const images = await callCommand('visualize', 'latest', '--images', '-5');
    expect(images.code).toBe(2);
    const unknown = await callCommand('visualize', 'nothing', '--runs', temporaryFolder());
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('there is no such run');
  });
});
