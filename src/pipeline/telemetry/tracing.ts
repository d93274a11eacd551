import type { Tracer } from '@opentelemetry/api';

/** Where spans go to. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what has not been sent, and stops. It waits a few seconds at most, and never fails. */
  readonly close: () => Promise<void>;
}

/** Milliseconds for the last spans. */
const CLOSING = 3_000;
/**
 * Milliseconds for one request with its repetitions, unless the environment says otherwise. An exporter that waits longer
 * would keep the process alive after `close`: its own default is 10 s.
 */
const SENDING = 2_500;

/**
 * Starts to send spans by OTLP over HTTP where OpenTelemetry's own variables name an endpoint; undefined elsewhere, and
 * nothing of it is loaded then. The standard variables apply: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_SDK_DISABLED and more.
 *
 * A collector that does not answer loses spans, and disturbs nothing else.
 *
 * @param service the name of the service, unless OTEL_SERVICE_NAME gives another
 * @example const tracing = await startTracing('wgrad-api');
 */
export async function startTracing(service: string): Promise<Tracing | undefined> {
  if (!isWanted(process.env)) return undefined;
  const [base, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  const isTimed = isNamed('OTEL_EXPORTER_OTLP_TIMEOUT', 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT');
  const provider = new base.BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new base.BatchSpanProcessor(new OTLPTraceExporter(isTimed ? {} : { timeoutMillis: SENDING })),
    ],
  });
  return {
    tracer: provider.getTracer('wgrad'),
    close: async () => {
      const late = new Promise((resolve) => setTimeout(resolve, CLOSING).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

function isWanted(environment: NodeJS.ProcessEnv): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  if (environment['OTEL_TRACES_EXPORTER'] === 'none') return false;
  return isNamed('OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
}

/** Whether one of some variables has a value. */
function isNamed(...names: readonly string[]): boolean {
  return names.some((name) => Boolean(process.env[name]?.trim()));
}
