import type { Registry } from 'prom-client';
import type { Observer } from '../tracking/tracking.ts';
import { startTracing } from './tracing.ts';

/** Where a server listens; port 0 is a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TelemetryOptions {
  /** The name in traces. */
  readonly service: string;
  /** Where metrics are served; undefined for nowhere. */
  readonly metrics: Address | undefined;
}

/** What a command tells of itself while it works. */
export interface Telemetry {
  /** Of a training in this process. */
  readonly observers: readonly Observer[];
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
  const served = metrics && (await startMetrics(metrics));
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
    close: async () => {
      served?.close();
      await tracing?.close();
    },
  };
}

/**
 * Serves a new registry, which has the metrics of this process.
 *
 * @throws WgradError if the address cannot be used
 */
export async function startMetrics(address: Address): Promise<{ registry: Registry; close: () => void }> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const { serveMetrics } = await import('./metricsServer.ts');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { url, close } = await serveMetrics(registry, address);
  process.stderr.write(`metrics ${url}\n`);
  return { registry, close };
}
