import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { refuseLate } from './unreadable.ts';

/** Milliseconds without a byte after which a connection counts as stalled. */
const STALLED = 1_000;
/** Milliseconds between two looks. */
const INTERVAL = 100;

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
  readonly #open = new Map<Socket, Connection>();
  #sweeps: NodeJS.Timeout | undefined;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, { requests: new Map(), progress: '', since: performance.now() });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const requests = this.#open.get(request.socket)?.requests;
      requests?.set(request, response);
      response.once('close', () => requests?.delete(request));
    });
  }

  /** Requests that have arrived and are not answered. */
  get unanswered(): number {
    return [...this.#open.values()].reduce((sum, { requests }) => sum + waiting(requests).length, 0);
  }

  /** From now on, closes connections that have stalled for a second. */
  closeStalled(): void {
    this.#sweep();
    this.#sweeps = setInterval(() => this.#sweep(), INTERVAL);
  }

  /** Closes all connections, and ends `closeStalled`. */
  closeAll(): void {
    clearInterval(this.#sweeps);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#open) {
      const progress = `${socket.bytesRead} ${socket.writableLength}`;
      if (progress !== connection.progress) {
        connection.progress = progress;
        connection.since = now;
      }
      const { requests, since } = connection;
      if (now - since < STALLED || waiting(requests).length > 0) continue;
      const isBeingAnswered = [...requests.values()].some(({ headersSent }) => headersSent);
      if (isBeingAnswered || socket.bytesRead === 0) socket.destroy();
      else refuseLate(socket);
    }
  }
}

/** Requests that have arrived, whose answers are still being made. */
function waiting(requests: Connection['requests']): IncomingMessage[] {
  return [...requests]
    .filter(([{ complete }, { writableEnded }]) => complete && !writableEnded)
    .map(([request]) => request);
}
