import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { ImageError } from '../images/decode.ts';
import { OverloadError } from '../inference/batcher.ts';
import { NotReadyError } from '../inference/host.ts';
import { WgradError } from '../../backend/errors.ts';

/** A request that cannot be answered as it is. */
export class RequestError extends WgradError {
  override name = 'RequestError';
  readonly status: 400 | 401 | 404 | 413 | 504;

  constructor(status: 400 | 401 | 404 | 413 | 504, message: string) {
    super(message);
    this.status = status;
  }
}

/** Seconds after which a client should try again. */
const RETRY_AFTER = 1;

/** Characters of a message. */
const LONGEST = 500;

/** What of a failure the client is told. Only what was thrown for it: other messages may tell of the inside. */
export function answerTo(error: unknown): { status: number; message: string } {
  if (error instanceof RequestError || error instanceof ImageError) {
    return { status: error.status, message: error.message };
  }
  if (error instanceof OverloadError || error instanceof NotReadyError) {
    return { status: 503, message: error.message };
  }
  const { validation, validationContext, statusCode, message } = error as Partial<FastifyError>;
  if (validation) {
    const faults = validation
      .slice(0, 3)
      .map(({ instancePath, message }) => `${instancePath || '/'}: ${message ?? 'is wrong'}`);
    return { status: 400, message: `${validationContext ?? 'request'} ${faults.join('; ')}` };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, message: message ?? 'bad request' };
  }
  return { status: 500, message: 'internal error; the log says more' };
}

/** Answers every failure with `{"error": …}`. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = answerTo(error);
    // Overload, a failed device and clients that hang up are foreseen; each request has its line anyway.
    if (status === 500) request.log.error({ err: error }, 'a request failed');
    return sendError(reply, status, message);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 404, `there is no ${request.method} ${request.url.slice(0, 200)}; see /docs`),
  );
}

function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER));
  // What is left of a body that was refused must not be taken for the next request.
  if (status === 413) reply.header('connection', 'close');
  // What a client sent can be quoted there, however long it was.
  const error = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
  return reply.code(status).type('application/json').serializer(JSON.stringify).send({ error });
}
