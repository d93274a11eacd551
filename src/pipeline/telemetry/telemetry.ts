import type { Registry } from 'prom-client';
import type { Observer } from '../tracking/tracking.ts';
import { startTracing } from './tracing.ts';

export interface TelemetryOptions {
  /** The name in traces. */
  readonly service: string;
  /** Where metrics are served; undefined for nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
}

/** What a command tells of itself while it works. */
export interface Telemetry {
  /** Of a training in this process. */
  readonly observers: readonly Observer[];
  /** The metrics that are served; undefined where none are. */
  readonly registry: Registry | undefined;
  readonly close: () => Promise<void>;
}

/**
 * Starts what a command was asked to tell: metrics for Prometheus, and traces where OpenTelemetry's variables name an
 * endpoint. What is not wanted is not loaded.
 *
 * @throws WgradError if the address for metrics cannot be used
 */
export async function startTelemetry({ service, metrics }: TelemetryOptions): Promise<Telemetry> {
  const observers: Observer[] = [];
  const served = metrics && (await serve(metrics));
  const tracing = await startTracing(service);
  if (tracing) {
    const { runSpans } = await import('./runSpans.ts');
    observers.push(runSpans(tracing.tracer));
  }
  if (served) {
    const { RunMetrics } = await import('./runMetrics.ts');
    observers.push(new RunMetrics(served.registry).observer());
  }
  return {
    observers,
    registry: served?.registry,
    close: async () => {
      served?.close();
      await tracing?.close();
    },
  };
}

async function serve(address: {
  readonly host: string;
  readonly port: number;
}): Promise<{ registry: Registry; close: () => void }> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const { serveMetrics } = await import('./metricsServer.ts');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { url, close } = await serveMetrics(registry, address);
  process.stderr.write(`metrics ${url}\n`);
  return { registry, close };
}
