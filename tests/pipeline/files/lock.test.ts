import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
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

/** A lock of a process on this machine. */
function lockedBy(pid: number, started: string): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'lock', `${pid}@${started}@${hostname()}`), { recursive: true });
  return folder;
}

/** Field 22 of /proc/PID/stat. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')[19]!;
}

describe.runIf(existsSync('/proc/self/stat'))('a lock', () => {
  it('of a process that another user has started is held', async () => {
    const folder = lockedBy(process.pid, startOf(process.pid));
    const refusal = (code: string): void => {
      vi.spyOn(process, 'kill').mockImplementation(() => {
        throw Object.assign(new Error('refused'), { code });
      });
    };
    try {
      refusal('EPERM');
      expect(await isLocked(folder)).toBe(true);
      refusal('ESRCH');
      expect(await isLocked(folder)).toBe(false);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('of a process whose name holds brackets and spaces is held', async () => {
    const program = join(temporaryFolder(), ') x (');
    cpSync('/bin/sleep', program);
    const child = spawn(program, ['60']);
    try {
      await once(child, 'spawn');
      expect(await isLocked(lockedBy(child.pid!, startOf(child.pid!)))).toBe(true);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('of a process that has ended is free, and so is one whose owner is no process', async () => {
    const child = spawn('/bin/sleep', ['60']);
    await once(child, 'spawn');
    const folder = lockedBy(child.pid!, startOf(child.pid!));
    expect(await isLocked(folder)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await isLocked(folder)).toBe(false);
    const strange = temporaryFolder();
    mkdirSync(join(strange, 'lock', 'somebody'), { recursive: true });
    expect(await isLocked(strange)).toBe(false);
    await (
      await lockFolder(strange)
    )();
    expect(readdirSync(strange)).toEqual([]);
  });

  it('of a process that has ended, and that its parent does not ask for, is free', async () => {
    // The shell would ask for its children; the sleep that it becomes does not.
    const shell = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 61'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [printed] = (await once(shell.stdout, 'data')) as [Buffer];
      const pid = Number(printed.toString());
      const read = (process: number, file: string): string =>
        readFileSync(`/proc/${process}/${file}`, 'utf8');
      await vi.waitFor(() => expect(read(shell.pid!, 'cmdline')).toBe('sleep\0' + '61\0'), {
        timeout: 10_000,
      });
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(read(pid, 'stat')).toMatch(/\) Z /), { timeout: 10_000 });
      expect(await isLocked(lockedBy(pid, startOf(pid)))).toBe(false);
    } finally {
      shell.kill('SIGKILL');
      await once(shell, 'close');
    }
  });
});
