/** The command that serves a model over HTTP. */
import { command, flag, option } from './pipeline/cli/command.ts';
import { nameOrPath } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { adapter, dataFolder, deviceName, modelsFolder } from './pipeline/cli/shared.ts';
import { milliseconds, oneOf, port, several, text, wholeNumber } from './pipeline/cli/values.ts';
import { BATCH_SIZE, DEFAULT_OPTIONS as limits } from './serve/options.ts';

const MOST = 2 ** 31 - 1;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const api = command({
  about: `
    Serves models of the registry: a page at /, POST /predict, the Open Inference Protocol under /v2, /docs, /metrics,
    /health/live and /health/ready. When a served alias moves, the new model replaces the old one without a pause. The
    first model answers /predict; /predict?model=NAME asks another one.
    SIGTERM and Ctrl-C stop the service; requests that have come in are answered first. Start it without npx where
    something else stops it: node src/api.ts on Node 22.18 or newer, node --import tsx src/api.ts before.`,
  options: {
    model: option(
      '<models>',
      several(nameOrPath),
      'NAME (its champion), NAME@ALIAS, NAME/VERSION, or a model folder; several are separated by commas (default: the most accurate champion)',
      { without: ['champions'] },
    ),
    champions: flag('serve the champions of all models'),
    models: modelsFolder,
    data: { ...dataFolder, help: 'folder of Fashion-MNIST, with which the page trains' },
    host: option('<address>', text, 'where to listen; the default is reachable from this machine only', {
      default: '127.0.0.1',
    }),
    port: option('<n>', port, '0 takes a free port', { default: 8000 }),
    device: option('<name>', deviceName, 'webgpu, cpu or auto', { default: 'auto' }),
    adapter,
    batchSize: option('<n>', wholeNumber(1, 4096), 'images in a batch; every batch is filled up to it', {
      default: BATCH_SIZE,
    }),
    batchDelay: option('<ms>', milliseconds(0, 10_000), 'how long an image waits for others', { default: 2 }),
    queue: option('<n>', wholeNumber(1, MOST), 'images that may wait; more are refused with status 503', {
      default: 512,
    }),
    maxBody: option('<bytes>', wholeNumber(1024, MOST), 'size of a request', { default: limits.bodyLimit }),
    maxPixels: option('<n>', wholeNumber(784, MOST), 'width times height of an uploaded picture', {
      default: limits.pixelLimit,
    }),
    maxImages: option('<n>', wholeNumber(1, MOST), 'images in a request; never more than --queue', {
      default: limits.imageLimit,
    }),
    timeout: option('<ms>', milliseconds(100), 'time to receive a request, and again to answer it', {
      default: limits.answerTimeout,
    }),
    keepAlive: option('<ms>', milliseconds(), 'how long a connection without requests stays open', {
      default: limits.keepAlive,
    }),
    drainDelay: option(
      '<ms>',
      milliseconds(0, 600_000),
      'how long a service that stops reports not ready and still accepts, so that balancers turn away; Ctrl-C waits at most 500',
      { default: limits.drainDelay },
    ),
    drainTimeout: option('<ms>', milliseconds(0, 600_000), 'time to answer accepted requests after that', {
      default: limits.drainTimeout,
    }),
    poll: option('<ms>', milliseconds(), 'how often to check the alias and the device; 0 is never', {
      default: 2000,
    }),
    logLevel: option('<level>', oneOf(LEVELS), `${LEVELS.join(', ')}; one JSON object a line`, {
      default: limits.logLevel,
    }),
  },
  examples: [
    '--model cnn@champion --port 8080',
    '--model cnn,mlp',
    '--model mlp --batch-size 16 --batch-delay 5 --queue 256',
  ],
  exitCodes: { 0: 'stopped by SIGTERM or Ctrl-C' },
  notes: () => `environment:
  WGRAD_API_KEY  if set, /predict, /v2 and /metrics require it: Authorization: Bearer KEY, or X-API-Key: KEY
  OTEL_EXPORTER_OTLP_ENDPOINT  if set, each request is sent there as a span, by OTLP over HTTP`,
  run: async ({ model, champions, models, data, device, adapter, timeout, ...options }) => {
    const { readKey } = await import('./serve/http/authentication.ts');
    const { serve } = await import('./serve/serve.ts');
    await serve({
      ...limits,
      bodyLimit: options.maxBody,
      pixelLimit: options.maxPixels,
      // More images than the queue holds would never fit.
      imageLimit: Math.min(options.maxImages, options.queue),
      keepAlive: options.keepAlive,
      drainDelay: options.drainDelay,
      drainTimeout: options.drainTimeout,
      receiveTimeout: timeout,
      answerTimeout: timeout,
      apiKey: readKey(process.env['WGRAD_API_KEY']),
      data,
      logLevel: options.logLevel,
      host: options.host,
      port: options.port,
      device,
      adapter,
      references: champions ? 'champions' : model,
      model: {
        root: models,
        batchSize: options.batchSize,
        delay: options.batchDelay,
        queueLimit: options.queue,
        pollInterval: options.poll,
        batchTimeout: 30_000,
      },
    });
  },
});

await runCommand('npx tsx src/api.ts', api);
