import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A real MLflow server on a port, whose store is in a folder; it is killed after the test. */
export class MlflowServer {
  readonly #folder: string;
  readonly #python: string;
  #child: ChildProcess | undefined;
  port = 0;

  constructor(python: string, folder: string) {
    [this.#python, this.#folder] = [python, folder];
    onTestFinished(() => this.kill());
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    this.port ||= await freePort();
    const args = [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(this.port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${join(this.#folder, 'mlflow.db')}`],
      ...['--artifacts-destination', join(this.#folder, 'artifacts')],
    ];
    // The server has processes of its own, which end with its group.
    const env = { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', DO_NOT_TRACK: 'true' };
    const child = spawn(this.#python, args, {
      cwd: this.#folder,
      detached: true,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const log: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('Uvicorn running')) resolve();
      });
      child.once('close', () => reject(new Error(`MLflow did not start:\n${log.join('\n')}`)));
    });
  }

  /** SIGKILL, as a machine without power. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const closed = once(child, 'close');
    process.kill(-child.pid!, 'SIGKILL');
    await closed;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Passes requests on to a server.
 *
 * @param watch called after each request, before its answer is passed on; for `lose` the connection is closed instead
 * @returns its address
 */
export async function startProxy(
  server: MlflowServer,
  watch: (call: string, body: string) => Promise<'answer' | 'lose'>,
): Promise<string> {
  const answer = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    try {
      const body = await bytesOf(from);
      const call = `${from.method!} ${from.url!}`;
      const { method, headers, url: path } = from;
      const options = { host: '127.0.0.1', port: server.port, method, headers, path };
      const sent = request(options as object).end(body);
      const [answered] = (await once(sent, 'response')) as [IncomingMessage];
      const content = await bytesOf(answered);
      if ((await watch(call, body.toString('latin1'))) === 'lose') to.destroy();
      else to.writeHead(answered.statusCode!, answered.headers).end(content);
    } catch {
      to.destroy();
    }
  };
  const proxy = createServer((from, to) => void answer(from, to)).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
