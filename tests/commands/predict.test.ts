import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, spawnCommandIn } from './commands.ts';

test('the output replaces no image and no folder', async () => {
  const folder = temporaryFolder();
  const [csv, png, link] = ['images.csv', 'a.png', 'link.txt'].map((name) => join(folder, name)) as [
    ...[string, string, string],
  ];
  writeFileSync(csv, 'mine');
  writeFileSync(png, 'mine');
  symlinkSync(csv, link);
  mkdirSync(join(folder, 'below'));
  for (const [inputs, out, message] of [
    [[csv], csv, 'is one of them'],
    [[csv], link, 'is one of them'],
    [[png], png, 'is one of them'],
    [[folder], png, 'does not replace a picture'],
    [[png], join(folder, 'below'), 'is a folder'],
  ] as const) {
    const { code, stderr } = await callCommand('predict', 'mlp', ...inputs, '--out', out);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  }
  expect([readFileSync(csv, 'utf8'), readFileSync(png, 'utf8')]).toEqual(['mine', 'mine']);
});

test('in another folder, relative paths of images and output are those of this folder', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'images.csv'), 'mine');
  const { code, stderr } = await spawnCommandIn(
    { cwd: folder },
    'predict',
    'mlp',
    'images.csv',
    '--out',
    'images.csv',
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining('is one of them')]);
  expect(readFileSync(join(folder, 'images.csv'), 'utf8')).toBe('mine');
});
