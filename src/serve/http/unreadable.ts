import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, sendError } from './errors.ts';

// Requests that never reach a route, because Node or the router cannot read them.

interface Refusal {
  readonly status: number;
  readonly message: string;
}

const TOO_LATE: Refusal = { status: 408, message: 'the request did not arrive in time' };

/** By the code of Node's error. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: TOO_LATE,
  HPE_HEADER_OVERFLOW: { status: 431, message: 'takes an address and headers of at most 16 KiB' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: 'takes chunks without long extensions' },
};

/** The answer to what Node's parser cannot read; undefined where nobody is left to read it. */
export function refusalOf({ code, message }: NodeJS.ErrnoException): Refusal | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  return REFUSALS[code ?? ''] ?? { status: 400, message: `the request is not HTTP: ${message}` };
}

/** Answers on a connection whose request cannot be read to its end, and closes it. */
export function refuse(socket: Socket, { status, message }: Refusal): void {
  if (socket.writable) {
    const body = errorBody(message);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

/** Answers a request whose body has stopped to arrive. */
export function refuseLate(socket: Socket): void {
  refuse(socket, TOO_LATE);
}

/** Answers expectations other than `100-continue` in the form of all errors. Node would answer without a body. */
export function refuseExpectations(server: Server): void {
  server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const body = errorBody(`Expect takes 100-continue, got ${headers.expect}`);
    response.writeHead(417, { 'content-type': 'application/json', connection: 'close' }).end(body);
  });
}

/** Answers addresses that the router cannot read. */
export function refuseAddress(error: FastifyError, _: FastifyRequest, reply: FastifyReply): void {
  void sendError(reply, error.statusCode ?? 400, error.message);
}
