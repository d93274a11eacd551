import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isLocked, LockedError, lockFolder } from '../../../src/pipeline/files/lock.ts';
import { temporaryFolder } from './disks.ts';

const module = new URL('../../../src/pipeline/files/lock.ts', import.meta.url).href;

/** A process that takes the lock of a folder as soon as it gets it, and keeps it; it prints `taken` or `refused`. */
function contender(folder: string): ChildProcess {
  const code = `
    import { lockFolder } from ${JSON.stringify(module)};
    try {
      await lockFolder(${JSON.stringify(folder)});
      console.log('taken');
      setInterval(() => undefined, 1000);
    } catch (error) {
      console.log('refused', error.name);
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString().trim();
}

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

it('goes to one of several processes, and to one of several more when that one is killed', async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 2; round++) {
    const children = Array.from({ length: 4 }, () => contender(folder));
    const words = await Promise.all(children.map(firstWords));
    expect(words.filter((word) => word === 'taken')).toHaveLength(1);
    expect(words.filter((word) => word === 'refused LockedError')).toHaveLength(3);
    const holder = children[words.indexOf('taken')]!;
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await isLocked(folder)).toBe(false);
  }
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
