import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { App } from './app.ts';

const propagator = new W3CTraceContextPropagator();

/**
 * Makes a span of each request, with the attributes of OpenTelemetry's conventions for HTTP. It continues the trace that a
 * `traceparent` header names. A span ends when the answer is sent, or the client has gone.
 */
export function traceRequests(app: App, tracer: Tracer): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers, ip, raw } = request;
    const route = request.routeOptions.url;
    const span = tracer.startSpan(
      route === undefined ? method : `${method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          'url.path': request.url.split('?')[0]!,
          'url.scheme': 'http',
          'client.address': ip,
          'network.protocol.version': raw.httpVersion,
          ...(route !== undefined && { 'http.route': route }),
          ...(headers['user-agent'] !== undefined && { 'user_agent.original': headers['user-agent'] }),
        },
      },
      propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter),
    );
    reply.raw.once('close', () => {
      const isSent = reply.raw.writableFinished;
      if (isSent) span.setAttribute('http.response.status_code', reply.statusCode);
      const failure = !isSent ? 'aborted' : reply.statusCode >= 500 ? String(reply.statusCode) : undefined;
      if (failure !== undefined) {
        span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    });
    done();
  });
}
