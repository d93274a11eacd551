import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Milliseconds between two looks at the processes above this one. */
const INTERVAL = 1000;
/** How `sh -c` and npm look that run a script or `npx`. */
const SHELL = /^(\S*\/)?sh -c /;
const NPM = /^npm |^(\S*\/)?node \S*\/(npm|npx)(-cli\.js)?( |$)/;

/**
 * Calls `gone` once, when a process has ended that started this one and stands for it: the other end of an IPC channel (a
 * sweep), tsx's command line, npm or npx, and the shell between. They end at signals that they do not pass on: npx and npm
 * end at SIGTERM and SIGHUP, tsx at SIGHUP, all of them at SIGKILL.
 */
export function watchParent(gone: () => void): void {
  watchChannel(gone);
  const parent = process.ppid;
  if (isUnderTsx()) watch(() => process.ppid === parent, gone);
  if (process.env['npm_command'] === undefined) return;
  void wrappersAbove(parent).then((wrappers) => {
    if (wrappers.length > 0) watch(() => wrappers.every(isAlive), gone);
  });
}

/** Looks, as long as the command works, whether the processes above are there. */
function watch(areThere: () => boolean, gone: () => void): void {
  const timer = setInterval(() => {
    if (areThere()) return;
    clearInterval(timer);
    gone();
  }, INTERVAL);
  timer.unref();
}

/** A channel that other code reads, as in a pool of workers, is not for commands. */
function watchChannel(gone: () => void): void {
  if (!process.connected || process.listenerCount('message') > 0) return;
  process.once('disconnect', gone);
  // The listener alone would keep the process from ending.
  (process as { channel?: { unref(): void } }).channel?.unref();
}

/** Whether tsx's command line started this process: `tsx src/train.ts`, but not `node --import tsx src/train.ts`. */
function isUnderTsx(): boolean {
  return process.execArgv.some((argument) => /tsx[\\/]dist[\\/]preflight/.test(argument));
}

/** The parent and the processes above it up to npm; none where npm is not above. */
async function wrappersAbove(parent: number): Promise<readonly number[]> {
  const chain: number[] = [];
  for (let pid = parent; pid > 1;) {
    const { above, command } = await ask(pid);
    chain.push(pid);
    if (NPM.test(command)) return chain;
    const isTsx = chain.length === 1 && isUnderTsx();
    if (!isTsx && !SHELL.test(command)) break;
    pid = above;
  }
  return [];
}

/** The process above another one, and its command line; 0 where `ps` is missing or does not know it. */
async function ask(pid: number): Promise<{ above: number; command: string }> {
  const args = ['-ww', '-o', 'ppid=', '-o', 'args=', '-p', String(pid)];
  const { stdout } = await promisify(execFile)('ps', args).catch(() => ({ stdout: '' }));
  const [, above = '0', command = ''] = /^\s*(\d+)\s+(.*)/.exec(stdout) ?? [];
  return { above: Number(above), command };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
