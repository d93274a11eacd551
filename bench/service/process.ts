import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The service in a process of its own. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** What the log holds of level error and above. */
  readonly errors: string[];
  /** The exit code, and the signal that ended it. */
  readonly exit: Promise<[code: number | null, signal: string | null]>;
}

/** Starts the service on a free port, and waits until it listens. */
export async function startProcess(...args: string[]): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/api.ts', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'close') as ServiceProcess['exit'];
  const errors: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    // Read until the end, so that the service never waits for its reader.
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      if (level >= 50) errors.push(line);
      const found = /^Server listening at (http:\S+)/.exec(msg)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exit.then(([code]) => reject(new Error(`the service did not start: exit code ${code}`)));
  });
  return { child, url, port: Number(new URL(url).port), errors, exit };
}
