import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand } from './commands.ts';

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
