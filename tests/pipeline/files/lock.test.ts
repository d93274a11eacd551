import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLocked, LockedError, lockFolder } from '../../../src/pipeline/files/lock.ts';
import { temporaryFolder } from './disks.ts';

it('is held by one, freed, and leaves nothing', async () => {
  const folder = temporaryFolder();
  const unlock = await lockFolder(folder);
  expect(await isLocked(folder)).toBe(true);
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} is at work on it`);
  await unlock();
  expect(await isLocked(folder)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
  await (
    await lockFolder(folder)
  )();
});

it('tells a process from a later one with the same number, and says what to do about another machine’s', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'lock', `${process.pid}@1@${hostname()}`), { recursive: true });
  await (
    await lockFolder(folder)
  )();
  expect(existsSync(join(folder, 'lock'))).toBe(false);
  mkdirSync(join(folder, 'lock', '17@1@elsewhere'), { recursive: true });
  await expect(lockFolder(folder)).rejects.toThrow(LockedError);
  await expect(lockFolder(folder)).rejects.toThrow(
    `process 17 on elsewhere is at work on it; if that machine is gone, remove ${join(folder, 'lock')}`,
  );
});

it('names a folder that cannot be locked', async () => {
  await expect(lockFolder(join(temporaryFolder(), 'no'))).rejects.toThrow(/lock: cannot be written/);
});
