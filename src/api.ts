/** The command that serves a model over HTTP: see HELP. */
import { parseCommandLine, UsageError } from './pipeline/cli/commandLine.ts';
import { storedChoices } from './pipeline/diagnostics/tuning/stored.ts';
import { WgradError } from './backend/errors.ts';
import './ops/methods.ts';
import { Metrics } from './serve/http/metrics.ts';
import { type HostEvent, ModelHost } from './serve/inference/host.ts';
import { DEFAULT_OPTIONS, type ServiceOptions } from './serve/options.ts';
import { createService, type Service } from './serve/service.ts';
import { isDeviceName, open } from './tensor/device.ts';

const HELP = `usage: npx tsx src/api.ts [options]

Serves a model of the registry: a page at /, POST /predict, the Open Inference Protocol under /v2, /docs, /metrics,
/health/live and /health/ready. When the alias that it serves moves, the new model takes over without a pause.
SIGTERM and Ctrl-C answer what has come in, and stop.

options
  --model <model>        NAME (its champion), NAME@ALIAS, NAME/VERSION, or a model's folder
                         (default: the most accurate champion)
  --models <folder>      the registry (default models)
  --host <address>       where to listen (default 127.0.0.1: this machine only)
  --port <number>        (default 8000; 0 takes a free one)
  --device <name>        webgpu, cpu or auto (default auto)
  --adapter <text>       take the WebGPU adapter whose name contains this
  --batch-size <n>       images the device takes at once; every batch is filled up to it (default 32)
  --batch-delay <ms>     how long an image waits for company (default 2)
  --queue <n>            images that may wait; more are told to come back (default 512)
  --max-body <bytes>     (default ${DEFAULT_OPTIONS.bodyLimit})
  --max-pixels <n>       width times height of an uploaded picture (default ${DEFAULT_OPTIONS.pixelLimit})
  --max-images <n>       images a request (default ${DEFAULT_OPTIONS.imageLimit})
  --timeout <ms>         to receive a request, and again to answer it (default ${DEFAULT_OPTIONS.answerTimeout})
  --poll <ms>            how often to look whether the alias moved or the device failed; 0 never (default 2000)
  --log-level <level>    trace, debug, info, warn, error, fatal or silent (default info; one JSON object a line)
  --help                 print this

environment
  WGRAD_API_KEY          if set, /predict, /v2 and /metrics ask for it: Authorization: Bearer KEY, or X-API-Key: KEY

exit codes: 0 stopped as asked, 1 failed, 2 wrong usage`;

/** Milliseconds that open connections get when the service stops. */
const DRAIN = 15_000;

async function main(args: string[]): Promise<void> {
  const { values } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { device, adapter } = values;
  if (!isDeviceName(device)) throw new UsageError(`--device takes webgpu, cpu or auto, got ${device}`);
  const timeout = count('--timeout', values.timeout, 100);
  const options: ServiceOptions = {
    ...DEFAULT_OPTIONS,
    bodyLimit: count('--max-body', values['max-body'], 1024),
    pixelLimit: count('--max-pixels', values['max-pixels'], 784),
    imageLimit: count('--max-images', values['max-images'], 1),
    receiveTimeout: timeout,
    answerTimeout: timeout,
    apiKey: process.env['WGRAD_API_KEY'] || undefined,
    logLevel: values['log-level'],
  };
  const { service, host } = await build(options, {
    root: values.models,
    reference: values.model,
    batchSize: count('--batch-size', values['batch-size'], 1, 4096),
    delay: count('--batch-delay', values['batch-delay'], 0, 10_000),
    queueLimit: count('--queue', values.queue, 1),
    pollInterval: count('--poll', values.poll, 0),
    batchTimeout: 30_000,
    openDevice: () =>
      open(device, {
        tuning: storedChoices,
        ...(adapter !== undefined && { adapter }),
        onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
      }),
  });
  const { app } = service;
  stopOnSignals(service);
  await host.start();
  if (options.apiKey === undefined && !['127.0.0.1', '::1', 'localhost'].includes(values.host)) {
    app.log.warn('others can reach this service, and no WGRAD_API_KEY is set');
  }
  await app.listen({ host: values.host, port: count('--port', values.port, 0, 65_535) });
}

type HostSettings = Omit<ConstructorParameters<typeof ModelHost>[0], 'onBatch' | 'onEvent'>;

async function build(
  options: ServiceOptions,
  settings: HostSettings,
): Promise<{ service: Service; host: ModelHost }> {
  const metrics = new Metrics(() => host);
  const host: ModelHost = new ModelHost({
    ...settings,
    onBatch: (images, seconds) => metrics.observeBatch(images, seconds),
    onEvent: (event) => log(event),
  });
  const service = await createService(host, metrics, options);
  const log = (event: HostEvent): void => {
    const { kind } = event;
    if (event.kind === 'loaded') {
      const { name, version, run } = event.model;
      service.app.log.info({ event: kind, model: name, version, run, device: event.device }, 'model loaded');
    } else {
      service.app.log.error({ event: kind, err: event.error }, 'model or device failed');
    }
  };
  return { service, host };
}

function stopOnSignals({ app, drain }: Service): void {
  const stop = (signal: string): void => {
    app.log.info({ signal }, 'draining');
    setTimeout(() => process.exit(1), DRAIN).unref();
    drain().then(
      () => process.exit(0),
      (error: unknown) => {
        app.log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    options: {
      model: { type: 'string' },
      models: { type: 'string', default: 'models' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8000' },
      device: { type: 'string', default: 'auto' },
      adapter: { type: 'string' },
      'batch-size': { type: 'string', default: '32' },
      'batch-delay': { type: 'string', default: '2' },
      queue: { type: 'string', default: '512' },
      'max-body': { type: 'string', default: String(DEFAULT_OPTIONS.bodyLimit) },
      'max-pixels': { type: 'string', default: String(DEFAULT_OPTIONS.pixelLimit) },
      'max-images': { type: 'string', default: String(DEFAULT_OPTIONS.imageLimit) },
      timeout: { type: 'string', default: String(DEFAULT_OPTIONS.answerTimeout) },
      poll: { type: 'string', default: '2000' },
      'log-level': { type: 'string', default: DEFAULT_OPTIONS.logLevel },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function count(option: string, text: string, least: number, most = 2 ** 31 - 1): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${option} takes a whole number from ${least} to ${most}, got ${text}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
  const known = error instanceof WgradError || (error as NodeJS.ErrnoException).code !== undefined;
  console.error(known ? (error as Error).message : error);
  process.exit(1);
}
