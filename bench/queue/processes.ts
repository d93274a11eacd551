import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Waits until a process has ended. */
export async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
