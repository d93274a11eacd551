import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LAST, retireLast } from '../../../src/pipeline/checkpoint/files.ts';
import { temporaryFolder } from '../files/disks.ts';

it('gives the newest checkpoint its later name, once or twice, and leaves no other name', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, LAST), 'weights');
  // A training that is killed between the two names repeats the first.
  await retireLast(folder, 430, 3);
  await retireLast(folder, 430, 3);
  const later = 'step-00000430.safetensors';
  expect(readdirSync(folder).sort()).toEqual([LAST, later]);
  expect(readFileSync(join(folder, later), 'utf8')).toBe('weights');
  expect(statSync(join(folder, later)).nlink).toBe(2);
});

it('keeps as many checkpoints as wanted, the newest ones', async () => {
  const folder = temporaryFolder();
  for (const step of [100, 200, 300]) {
    writeFileSync(join(folder, LAST), String(step));
    await retireLast(folder, step, 3);
  }
  expect(readdirSync(folder).sort()).toEqual([
    LAST,
    'step-00000200.safetensors',
    'step-00000300.safetensors',
  ]);
  await retireLast(folder, 400, 1);
  expect(readdirSync(folder)).toEqual([LAST]);
});
