import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PictureError } from '../../pipeline/pictures/error.ts';
import { RequestError } from '../errors.ts';

/** Seconds after which a client should try again. */
const RETRY_AFTER = 1;

/** Characters of a message. */
const LONGEST = 500;

/** The status of an answer to a picture that cannot be used. */
const PICTURE_STATUS = { format: 415, size: 413, content: 422, time: 503 } as const;

/** Fastify's refusals of a content type, or of its absence. */
const CONTENT_TYPE = new Set([
  'FST_ERR_CTP_INVALID_MEDIA_TYPE',
  'FST_ERR_CTP_EMPTY_TYPE',
  'FST_ERR_ROUTE_MISSING_CONTENT_TYPE',
]);

/**
 * The status and message for the client. Only errors meant for clients keep their messages, because others may reveal
 * internals.
 */
export function answerTo(error: unknown): { status: number; message: string } {
  if (error instanceof RequestError) return { status: error.status, message: error.message };
  if (error instanceof PictureError) {
    return { status: PICTURE_STATUS[error.fault], message: error.message };
  }
  const { validation, validationContext, statusCode, message } = error as Partial<FastifyError>;
  if (validation) {
    const faults = validation
      .slice(0, 3)
      .map(({ instancePath, message }) => `${instancePath || '/'}: ${message ?? 'is invalid'}`);
    return { status: 400, message: `${validationContext ?? 'request'} ${faults.join('; ')}` };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, message: message ?? 'bad request' };
  }
  return { status: 500, message: 'internal error; see the log' };
}

/** Answers every failure with `{"error": …}`. */
export function handleErrors(app: FastifyInstance): void {
  const methodsOf = listMethods(app);
  const answerWithoutRoute = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const methods = methodsOf(request.url.split('?', 1)[0]!);
    if (methods.length === 0) {
      return sendError(reply, 404, `there is no ${request.method} ${request.url.slice(0, 200)}; see /docs`);
    }
    reply.header('allow', methods.join(', '));
    return sendError(reply, 405, `takes ${methods.join(', ')}, got ${request.method}`);
  };
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = answerTo(error);
    // Overload, a failed device and disconnected clients are expected. The log has one line for each request anyway.
    if (CONTENT_TYPE.has((error as FastifyError).code)) {
      // Another content type would not help where there is no route.
      if (request.is404) return answerWithoutRoute(request, reply);
      return sendError(reply, status, mediaTypes(request, message));
    }
    if (request.raw.errored) return sendError(reply, 400, 'the request ended before its body was complete');
    if (status === 500) request.log.error({ err: error }, 'a request failed');
    return sendError(reply, status, message);
  });
  app.setNotFoundHandler(answerWithoutRoute);
}

/** The methods of the routes for a path. Routes that are added later count. */
function listMethods(app: FastifyInstance): (path: string) => string[] {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    routes.push({ pattern: new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`), methods: [method].flat() });
  });
  return (path) => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
}

/** Which content types a route takes; `message` where it takes no body. */
function mediaTypes({ routeOptions, headers }: FastifyRequest, message: string): string {
  const body = routeOptions.schema?.body as { content?: object } | undefined;
  if (!body?.content || headers['content-type'] === undefined) return message;
  return `takes ${Object.keys(body.content).join(', ')}; got ${headers['content-type']}`;
}

/** Sends `{"error": …}`. */
export function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER));
  // The rest of a rejected body must not be read as the next request.
  if (status === 413) reply.header('connection', 'close');
  return reply.code(status).type('application/json').serializer(String).send(errorBody(message));
}

/** The body of every answer to a request that failed. */
export function errorBody(message: string): string {
  // The message may quote input of any length.
  return JSON.stringify({ error: message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message });
}
