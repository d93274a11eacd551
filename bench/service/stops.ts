import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { ServiceProcess } from './process.ts';
import { pixels } from './uploads.ts';

/** What became of the requests of a service that was stopped under load. */
export interface Stop {
  /** Answered with 200, and with 503 as the queue was full. */
  readonly answered: number;
  readonly busy: number;
  /** Not let in any more: the connection was refused. */
  readonly refused: number;
  /** Everything else: an error on an open connection, or another status. */
  readonly lost: readonly string[];
  readonly exitCode: number | null;
  /** From SIGTERM to the end of the process. */
  readonly seconds: number;
}

/**
 * Loads a service with connections that each send one request after the other, and sends SIGTERM in the middle.
 *
 * @param goesOn whether the clients send more after SIGTERM. A connection that the system makes in the moment in which the
 *   service stops to listen is reset.
 */
export async function stopUnderLoad(
  { child, port, exit }: ServiceProcess,
  connections: number,
  after: number,
  goesOn: boolean = true,
): Promise<Stop> {
  const body = JSON.stringify({ pixels: pixels(1) });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let [answered, busy, refused] = [0, 0, 0];
  const lost: string[] = [];
  let isStopping = false;
  const client = async (): Promise<void> => {
    while (goesOn || !isStopping) {
      const outcome = await send(port, agent, body);
      if (outcome === 200) answered++;
      else if (outcome === 503) busy++;
      else {
        if (outcome === 'ECONNREFUSED') refused++;
        else lost.push(String(outcome));
        return;
      }
    }
  };
  const clients = Array.from({ length: connections }, client);
  await wait(after);
  const began = performance.now();
  isStopping = true;
  child.kill('SIGTERM');
  const [exitCode] = await exit;
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(clients);
  agent.destroy();
  return { answered, busy, refused, lost, exitCode, seconds };
}

/** The status of the answer, or the code of the error. */
function send(port: number, agent: Agent, body: string): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/predict', agent, headers },
      (answer) => {
        answer.resume();
        answer.once('close', () => resolve(answer.complete ? answer.statusCode! : 'cut off'));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}
