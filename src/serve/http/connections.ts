import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { refuseLate } from './unreadable.ts';

/** Milliseconds without a byte after which connections are closed while the server stops. */
interface Patience {
  /** Of a request that has stopped to arrive. */
  readonly stalled: number;
  /**
   * Of an answer that nobody reads. The system takes more only when its own buffer, of up to some megabytes, has room again, so
   * a slow reader shows progress rarely.
   */
  readonly unread: number;
}

const PATIENCE: Patience = { stalled: 1_000, unread: 10_000 };

/** Requests of one connection that are answered at the same time. */
export const MOST_PIPELINED = 32;
/** Milliseconds between two looks. */
const INTERVAL = 100;
/** Turns of the event loop in which connections that wait are accepted. */
const MOST_TURNS = 10_000;

interface Connection {
  /** Requests that have begun and are not answered. */
  readonly requests: Map<IncomingMessage, ServerResponse>;
  /** What has been read and written so far, and since when it has not changed. */
  progress: string;
  since: number;
}

/**
 * The open connections of a server. When the server stops, those that would keep it waiting for nothing are closed:
 * connections that say nothing, requests that do not arrive, answers that nobody reads.
 */
export class Connections {
  readonly #server: Server;
  readonly #patience: Patience;
  readonly #open = new Map<Socket, Connection>();
  #accepted = 0;

  constructor(server: Server, patience: Patience = PATIENCE) {
    this.#server = server;
    this.#patience = patience;
    server.on('connection', (socket: Socket) => {
      this.#accepted++;
      this.#open.set(socket, { requests: new Map(), progress: '', since: performance.now() });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#open.get(request.socket);
      if (!connection) return;
      connection.requests.set(request, response);
      response.once('close', () => connection.requests.delete(request));
    });
  }

  /** Whether a client has sent more requests on one connection, without waiting for answers, than are taken. */
  isFlooded(socket: Socket): boolean {
    return (this.#open.get(socket)?.requests.size ?? 0) > MOST_PIPELINED;
  }

  /** Requests that have arrived and are not answered. */
  get unanswered(): number {
    return [...this.#open.values()].reduce((sum, { requests }) => sum + waiting(requests).length, 0);
  }

  /** Accepts no more connections; resolves when all are closed. Those that have stalled for a second are closed. */
  async stopListening(): Promise<void> {
    await this.#acceptWaiting();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#sweep();
    const sweeps = setInterval(() => this.#sweep(), INTERVAL);
    await closed;
    clearInterval(sweeps);
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /**
   * Accepts the connections that the system has made already: they would be reset. Node accepts one in each turn of the
   * event loop, so a turn without one has found none.
   */
  async #acceptWaiting(): Promise<void> {
    let before = -1;
    for (let turns = 0; before !== this.#accepted && turns < MOST_TURNS; turns++) {
      before = this.#accepted;
      await turn();
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#open) {
      // Long answers are handed over piece by piece, so bytes that were handed over are progress, too.
      const progress = `${socket.bytesRead} ${socket.bytesWritten} ${socket.writableLength}`;
      if (progress !== connection.progress) {
        connection.progress = progress;
        connection.since = now;
      }
      const { requests, since } = connection;
      if (waiting(requests).length > 0) continue;
      const isBeingAnswered = [...requests.values()].some(({ headersSent }) => headersSent);
      if (now - since < (isBeingAnswered ? this.#patience.unread : this.#patience.stalled)) continue;
      if (isBeingAnswered || socket.bytesRead === 0) socket.destroy();
      else refuseLate(socket);
    }
  }
}

/** Requests that have arrived, whose answers are still being made. */
function waiting(requests: Connection['requests']): IncomingMessage[] {
  return [...requests]
    .filter(([{ complete }, { headersSent }]) => complete && !headersSent)
    .map(([request]) => request);
}
