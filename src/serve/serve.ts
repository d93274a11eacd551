import { lookup } from 'node:dns/promises';
import { WgradError } from '../backend/errors.ts';
import { onStop } from '../pipeline/cli/interrupt.ts';
import { startTracing, type Tracing } from '../pipeline/telemetry/tracing.ts';
import type { DeviceName } from '../tensor/device.ts';
import { Metrics } from './http/metrics.ts';
import { type HostEvent, type HostOptions, ModelHost } from './inference/host.ts';
import { startEngineThread } from './inference/startEngineThread.ts';
import type { ServiceOptions } from './options.ts';
import { champions } from './registry/reference.ts';
import { createService, type Service } from './service.ts';

/** Milliseconds that Ctrl-C waits at most before the service stops to accept. Nobody at a terminal runs a balancer. */
const INTERACTIVE_DELAY = 500;
/** Milliseconds in which threads end. */
const CLOSING = 5_000;

/** Options of a service: limits, model, device and address. */
export interface ServeOptions extends ServiceOptions {
  readonly model: Omit<HostOptions, 'reference' | 'openEngine' | 'onBatch' | 'onEvent'>;
  /** Which models: references for `resolveModel`, or all champions. Without any, the most accurate champion. */
  readonly references: readonly string[] | 'champions' | undefined;
  readonly device: DeviceName;
  /** Part of the name of a WebGPU adapter. */
  readonly adapter: string | undefined;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/**
 * Serves models over HTTP until SIGTERM, SIGHUP or Ctrl-C, and then answers the requests that it has accepted.
 *
 * @throws RegistryError if there is no such model, AdapterError, or WgradError if the address cannot be used
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { host: address, port, device, adapter, model } = options;
  const metrics: Metrics = new Metrics(() => hosts);
  const hostOf = (reference?: string): ModelHost =>
    new ModelHost({
      ...model,
      reference,
      openEngine: () =>
        startEngineThread({ device, adapter, batchSize: model.batchSize }, (reason) =>
          process.stderr.write(`${reason}\n\n`),
        ),
      onBatch: (images, seconds) => metrics.observeBatch(images, seconds),
      onEvent: (event) => logEvent(service, event, reference),
    });
  const references =
    options.references === 'champions'
      ? (await champions(model.root)).map(({ reference }) => reference)
      : options.references;
  const [first, ...others] = references ?? [];
  const hosts = [hostOf(first), ...others.map(hostOf)] as const;
  const tracing = await startTracing('wgrad-api');
  const service = await createService(hosts, metrics, { ...options, tracer: tracing?.tracer });
  stopOnSignals(service, options, tracing);
  // An error of one request must not end all others. It is a bug, so it is logged and counted.
  process.on('unhandledRejection', (error) => {
    metrics.countUnhandledRejection();
    service.app.log.error({ err: error }, 'unhandled rejection');
  });
  try {
    await Promise.all(hosts.map((host) => host.start()));
    await service.warmUp();
    if (service.isDraining()) return;
    if (options.apiKey === undefined && !['127.0.0.1', '::1', 'localhost'].includes(address)) {
      service.app.log.warn('other machines can reach this service, and WGRAD_API_KEY is not set');
    }
    await listen(service, address, port);
  } catch (error) {
    await service.drain(0);
    throw error;
  }
}

async function listen({ app }: Service, name: string, port: number): Promise<void> {
  try {
    // Fastify would make two servers for the two addresses of `localhost`.
    const host = name === 'localhost' ? (await lookup(name)).address : name;
    await app.listen({ host, port });
  } catch (error) {
    throw new WgradError(`cannot listen on ${name}, port ${port}: ${String(error)}`, { cause: error });
  }
}

function logEvent({ app: { log } }: Service, event: HostEvent, reference = 'champion'): void {
  if (event.kind === 'loaded') {
    const { name, version, run } = event.model;
    log.info({ event: event.kind, model: name, version, run, device: event.device }, 'model loaded');
  } else {
    log.error({ event: event.kind, reference, err: event.error }, 'model or device failed');
  }
}

function stopOnSignals(
  { app, drain }: Service,
  { drainDelay, drainTimeout }: ServiceOptions,
  tracing: Tracing | undefined,
): void {
  onStop((signal) => {
    const delay = signal === 'SIGINT' ? Math.min(drainDelay, INTERACTIVE_DELAY) : drainDelay;
    app.log.info({ signal, delay }, 'draining');
    setTimeout(() => process.exit(1), delay + drainTimeout + CLOSING).unref();
    drain(delay).then(
      async (unanswered) => {
        await tracing?.close();
        if (unanswered > 0) app.log.error({ unanswered }, 'requests were not answered in time');
        process.exit(unanswered > 0 ? 1 : 0);
      },
      (error: unknown) => {
        app.log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  });
}
