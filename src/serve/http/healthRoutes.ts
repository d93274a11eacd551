import type { App } from './app.ts';
import type { Metrics } from './metrics.ts';
import type { Predictors } from './predictors.ts';
import * as schemas from './schemas.ts';

/** `/health/live`, `/health/ready` and `/metrics`, for orchestrators and Prometheus. */
export function addHealthRoutes(
  app: App,
  predictors: Predictors,
  metrics: Metrics,
  isDraining: () => boolean,
): void {
  const { failures, health, text } = schemas;
  app.get(
    '/health/live',
    {
      schema: {
        summary: 'Whether the process responds',
        tags: ['health'],
        response: { 200: health },
      },
    },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/health/ready',
    {
      schema: {
        summary: 'Whether the service is ready for requests',
        description: 'Unavailable while one of the models loads, the device recovers, or the service stops.',
        tags: ['health'],
        response: { 200: health, 503: health },
      },
    },
    (_, reply) => {
      const reason = isDraining() ? 'the service is stopping' : predictors.unreadyReason;
      if (reason === undefined) return { status: 'ok' as const };
      reply.code(503);
      return { status: 'unavailable' as const, reason };
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Metrics for Prometheus',
        tags: ['health'],
        response: { 200: { content: { 'text/plain': { schema: text } } }, ...failures(401) },
      },
    },
    async (_, reply) => {
      reply.type(metrics.registry.contentType);
      return metrics.registry.metrics();
    },
  );
}
