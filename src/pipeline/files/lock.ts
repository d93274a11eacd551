import { access, lstat, mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { temporaryName } from './atomicFile.ts';
import { FileError, writeError } from './fileError.ts';

/** The holder of a lock, from the name of the one folder in it. */
interface Owner {
  readonly pid: number;
  /** When the process started, in the system's ticks: a later process may have the same number. */
  readonly started: string;
  readonly host: string;
}

/** Another process holds the lock of a folder. */
export class LockedError extends FileError {
  override name = 'LockedError';
}

/** Releases a lock. */
export type Unlock = () => Promise<void>;

/**
 * Locks a folder for this process.
 *
 * The lock is a folder `lock` that holds one folder, named after the owner. It is created atomically by a rename, which
 * fails where a folder of that name is not empty. The lock of a killed process is taken over by renaming the inner folder,
 * which succeeds for one process only.
 *
 * @throws LockedError while another process holds it; FileError where it cannot be written
 */
export async function lockFolder(folder: string): Promise<Unlock> {
  const lock = join(folder, 'lock');
  const me = await ownName();
  for (;;) {
    if (await create(lock, me)) break;
    const owner = (await readdir(lock).catch(() => []))[0];
    // It was released meanwhile.
    if (owner === undefined) continue;
    if (await isAlive(owner)) throw lockedError(folder, owner);
    if (await succeeds(rename(join(lock, owner), join(lock, me)))) break;
  }
  return async () => {
    await rmdir(join(lock, me)).catch(() => undefined);
    // Fails where another process has taken it meanwhile.
    await rmdir(lock).catch(() => undefined);
  };
}

/** Whether some process holds the lock of a folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const owner = (await readdir(join(folder, 'lock')).catch(() => []))[0];
  return owner !== undefined && (await isAlive(owner));
}

async function create(lock: string, owner: string): Promise<boolean> {
  const temporary = temporaryName(lock);
  try {
    await mkdir(temporary);
    await mkdir(join(temporary, owner));
  } catch (error) {
    throw writeError(lock, error);
  }
  if (await succeeds(rename(temporary, lock))) return true;
  await rm(temporary, { recursive: true, force: true });
  if (await succeeds(access(lock))) return false;
  // It was released meanwhile, unless no folder of that name can be made.
  await mkdir(lock).catch(async (error: unknown) => {
    const taken = await lstat(lock).catch(() => undefined);
    // Another process has taken it since, and perhaps released it again.
    const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST' && taken?.isDirectory() !== false;
    if (!isTaken) throw writeError(lock, error);
  });
  return false;
}

function lockedError(folder: string, name: string): LockedError {
  const { pid, host } = parse(name) ?? { pid: 0, host: 'unknown' };
  const where = host === hostname() ? '' : ` on ${host}`;
  const remedy = where && `; if that machine is gone, remove ${join(folder, 'lock')}`;
  return new LockedError(folder, `process ${pid}${where} is at work on it${remedy}`);
}

async function ownName(): Promise<string> {
  return `${process.pid}@${(await startOf(process.pid)) ?? ''}@${hostname()}`;
}

function parse(name: string): Owner | undefined {
  const [, pid, started, host] = /^(\d+)@(\d*)@(.+)$/.exec(name) ?? [];
  return host === undefined ? undefined : { pid: Number(pid), started: started!, host };
}

/** Processes of other machines count as alive; unknown names do not. */
async function isAlive(name: string): Promise<boolean> {
  const owner = parse(name);
  if (!owner) return false;
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return owner.started === ((await startOf(owner.pid)) ?? '');
}

/** Field 22 of Linux's /proc/PID/stat, counted after the name, which may hold anything; undefined elsewhere. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended.
  return state === 'Z' ? undefined : fields[18];
}

async function succeeds(action: Promise<unknown>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}
