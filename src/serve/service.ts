import { setTimeout as wait } from 'node:timers/promises';
import multipart from '@fastify/multipart';
import Fastify, { LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { App } from './http/app.ts';
import { requireKey } from './http/authentication.ts';
import { Connections, MOST_PIPELINED } from './http/connections.ts';
import { acceptCompressed } from './http/contentEncoding.ts';
import { handleErrors } from './http/errors.ts';
import { addDataRoutes } from './http/dataRoutes.ts';
import { addHealthRoutes } from './http/healthRoutes.ts';
import { acceptJson } from './http/jsonBody.ts';
import type { Metrics } from './http/metrics.ts';
import { addOpenApi } from './http/openapi.ts';
import { addModelRoute } from './http/modelRoute.ts';
import { addPage } from './http/pageRoutes.ts';
import { acceptPictures, addPredictRoute } from './http/predictRoute.ts';
import { Predictor } from './http/predictor.ts';
import { Predictors } from './http/predictors.ts';
import { refusalOf, refuse, refuseAddress, refuseExpectations } from './http/unreadable.ts';
import { addProtocolRoutes } from './http/protocolRoutes.ts';
import { sendInPieces } from './http/pieces.ts';
import { PictureThreads } from './images/pictureThreads.ts';
import type { ModelHost } from './inference/host.ts';
import { RequestError } from './errors.ts';
import type { ServiceOptions } from './options.ts';

/** Takes the lines of a log. */
interface LogStream {
  write(line: string): void;
}

export interface Service {
  readonly app: App;
  /** Starts what the first request would have to wait for. */
  readonly warmUp: () => Promise<void>;
  /**
   * Stops: reports not ready and announces the end of connections for `delay` milliseconds, then accepts no more, answers
   * the requests that have come in, and closes.
   *
   * @returns the number of requests that were not answered within `drainTimeout`
   */
  readonly drain: (delay?: number) => Promise<number>;
  readonly isDraining: () => boolean;
}

/** Bytes of an address and headers. */
const MOST_HEADER = 16 * 2 ** 10;

/**
 * Creates the HTTP service for one or more models.
 *
 * @param hosts the first one answers requests that name no model
 * @param log where the log is written; false for no log
 */
export async function createService(
  hosts: readonly [ModelHost, ...ModelHost[]],
  metrics: Metrics,
  options: ServiceOptions,
  log: LogStream | boolean = true,
): Promise<Service> {
  let draining = false;
  const isDraining = (): boolean => draining;
  const app: App = Fastify({
    logger: log !== false && {
      level: options.logLevel,
      ...(log !== true && { stream: log }),
      redact: ['req.headers.authorization', 'req.headers["x-api-key"]'],
    },
    // The hook below logs one line per request instead of two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit,
    // These cut off clients that send very slowly. Sockets are checked every second.
    requestTimeout: options.receiveTimeout,
    connectionTimeout: 2 * (options.receiveTimeout + options.answerTimeout),
    keepAliveTimeout: options.keepAlive,
    http: {
      headersTimeout: options.receiveTimeout,
      connectionsCheckingInterval: Math.min(1_000, options.receiveTimeout),
      maxHeaderSize: MOST_HEADER,
      // The hook below answers in the form of all errors.
      requireHostHeader: false,
    },
    clientErrorHandler: (error, socket) => {
      const refusal = refusalOf(error);
      if (!refusal) return void socket.destroy();
      app.log.info(refusal, 'request that cannot be read');
      refuse(socket, refusal);
    },
    frameworkErrors: refuseAddress,
    // The schemas limit parameters, and no route has a pattern that takes long for a long one.
    routerOptions: { maxParamLength: MOST_HEADER },
  }).withTypeProvider<ZodTypeProvider>();
  app.server.maxConnections = options.connectionLimit;

  const connections = new Connections(app.server);
  refuseExpectations(app.server);

  if (options.tracer) {
    const { traceRequests } = await import('./http/tracing.ts');
    traceRequests(app, options.tracer);
  }
  handleErrors(app);
  app.addHook('onRequest', (request, _, done) => {
    const isMissing = request.headers.host === undefined && request.raw.httpVersion === '1.1';
    done(isMissing ? new RequestError(400, 'takes a Host header') : undefined);
  });
  app.addHook('onRequest', ({ raw }, _, done) => {
    const message = `takes at most ${MOST_PIPELINED} requests at once on a connection`;
    done(connections.isFlooded(raw.socket) ? new RequestError(503, message) : undefined);
  });
  app.addHook('onSend', (_, reply, payload, done) => {
    if (draining) reply.header('connection', 'close');
    done(null, payload);
  });
  sendInPieces(app);
  if (options.apiKey !== undefined) requireKey(app, options.apiKey);
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    const { method, ip } = request;
    const milliseconds = Math.round(reply.elapsedTime);
    request.log.info({ method, route, status: reply.statusCode, milliseconds, ip }, 'request');
    done();
  });
  await addOpenApi(app, options.apiKey !== undefined);
  await addPage(app);
  addDataRoutes(app, options.data);
  await app.register(multipart, { throwFileSizeLimit: true });
  acceptJson(app);
  acceptPictures(app);
  acceptCompressed(app);
  const pictures = new PictureThreads(options);
  const predictorOf = (host: ModelHost): Predictor => new Predictor(host, options, metrics, pictures);
  const [first, ...others] = hosts;
  const predictors = new Predictors(predictorOf(first), ...others.map(predictorOf));
  addPredictRoute(app, predictors);
  addModelRoute(app, predictors);
  await addProtocolRoutes(app, predictors, isDraining);
  addHealthRoutes(app, predictors, metrics, isDraining);
  return {
    app,
    warmUp: () => pictures.start(),
    isDraining,
    drain: async (delay = options.drainDelay) => {
      draining = true;
      metrics.isStopping = true;
      await wait(delay);
      let unanswered = 0;
      const late = setTimeout(() => {
        unanswered = connections.unanswered;
        connections.closeAll();
      }, options.drainTimeout);
      await connections.stopListening();
      clearTimeout(late);
      await app.close();
      await Promise.all([...hosts, pictures].map((each) => each.close()));
      return unanswered;
    },
  };
}
