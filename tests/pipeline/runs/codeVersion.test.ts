import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeVersion, hashFiles } from '../../../src/pipeline/runs/codeVersion.ts';
import { temporaryFolder } from '../files/disks.ts';

/** A project of two source files. */
function project(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'src/inner'), { recursive: true });
  writeFileSync(join(folder, 'src/a.ts'), 'a');
  writeFileSync(join(folder, 'src/inner/b.ts'), 'b');
  return folder;
}

it('is equal for equal files, wherever they lie', () => {
  expect(hashFiles(project(), ['src', 'missing'])).toBe(hashFiles(project(), ['src']));
});

it('differs where a file has other content, another name, or is missing', () => {
  const version = hashFiles(project(), ['src']);
  const changed = project();
  writeFileSync(join(changed, 'src/inner/b.ts'), 'c');
  const renamed = project();
  renameSync(join(renamed, 'src/a.ts'), join(renamed, 'src/b.ts'));
  for (const folder of [changed, renamed]) expect(hashFiles(folder, ['src'])).not.toBe(version);
  expect(hashFiles(project(), ['src/a.ts'])).not.toBe(version);
});

it('is a SHA-256 of this project', () => {
  expect(codeVersion()).toMatch(/^[0-9a-f]{64}$/);
});
