import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A Redis server of our own, which writes each change to its append-only file. */
export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, with what its file holds. */
  start(): Promise<void>;
}

/** Whether this machine has a Redis server. */
export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts a server on a free port, with its files in a folder. */
export async function startRedis(folder: string): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const server = {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0;
    },
    async kill() {
      if (!child) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      child = undefined;
      await exit;
    },
    async start() {
      const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
      const started = spawn('redis-server', [...settings, '--appendonly', 'yes', '--save', '']);
      child = started;
      let log = '';
      await new Promise<void>((resolve, reject) => {
        started.on('exit', (code) => {
          reject(new Error(`redis-server ended with ${code}:\n${log}`));
        });
        started.stdout.on('data', (chunk: Buffer) => {
          log += chunk.toString();
          if (log.includes('Ready to accept connections')) resolve();
        });
      });
    },
  };
  await server.start();
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
