/** The command that puts the prediction service under load. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { command, option } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { deviceName, modelsFolder } from '../src/pipeline/cli/shared.ts';
import { text, wholeNumber } from '../src/pipeline/cli/values.ts';

const MIB = 2 ** 20;

const load = command({
  about: `
    Puts the prediction service under load: connections that each send one image after the other. It prints throughput,
    latency, batch sizes and memory. The service runs in a process of its own, on this machine; the figures are written to
    bench/results/serve-NAME-DEVICE.json.

    Memory is sampled every second. It grows while code is compiled and the heap finds its size; what counts is the slope
    over the second half of the time. Run it for some minutes to see whether the slope goes to zero.`,
  options: {
    model: option('<model>', text, 'the model of the registry', { default: 'mlp' }),
    models: modelsFolder,
    device: option('<name>', deviceName, 'webgpu, cpu or auto', { default: 'auto' }),
    seconds: option('<n>', wholeNumber(), 'duration of the load', { default: 60 }),
    connections: option('<n>', wholeNumber(), 'open connections', { default: 64 }),
    batchSize: option('<n>', wholeNumber(1, 4096), 'images in a batch', { default: 32 }),
  },
  examples: ['--model cnn@champion --device webgpu --seconds 60'],
  exitCodes: { 1: 'failed, or a request failed' },
  run: measure,
});

interface LoadOptions {
  readonly model: string;
  readonly models: string;
  readonly device: string;
  readonly seconds: number;
  readonly connections: number;
  readonly batchSize: number;
}

/** Starts the service on a free port, and waits until it listens. */
async function start(options: LoadOptions): Promise<{ child: ChildProcess; url: string }> {
  const { model, models, device, batchSize } = options;
  const served = ['--model', model, '--models', models, '--device', device, '--port', '0'];
  const batch = ['--batch-size', String(batchSize), '--poll', '0'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/api.ts', ...served, ...batch], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Server listening at (http:[^"]+)/.exec(line)?.[1];
    if (url === undefined) continue;
    // The log goes on; read, so that the service never waits for its reader.
    child.stdout.resume();
    return { child, url };
  }
  throw new Error('the service did not start');
}

/** The service's metrics without labels, by name. */
async function metrics(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = new Map(
    [...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name!, Number(value)]),
  );
  return (name) => samples.get(name) ?? NaN;
}

/** The service's memory in bytes: resident, and the parts of it that JavaScript knows of. */
interface MemorySample {
  /** Since the load began. */
  readonly seconds: number;
  readonly resident: number;
  /** Objects, dead ones included that no collection has reached yet. */
  readonly heap: number;
  /** Outside the heap: the bytes of typed arrays, WebAssembly memory. */
  readonly external: number;
}

/** Looks at the memory every second until `stop` is called. */
function watchMemory(url: string): { stop: () => Promise<MemorySample[]> } {
  const samples: MemorySample[] = [];
  const began = performance.now();
  const look = async (): Promise<void> => {
    const value = await metrics(url);
    samples.push({
      seconds: (performance.now() - began) / 1000,
      resident: value('process_resident_memory_bytes'),
      heap: value('nodejs_heap_size_used_bytes'),
      external: value('nodejs_external_memory_bytes'),
    });
  };
  const timer = setInterval(() => void look(), 1000);
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      return samples;
    },
  };
}

/** What became of one part of the memory, in MiB; the slope is that of the least-squares line. */
function describeGrowth(samples: readonly MemorySample[], part: Exclude<keyof MemorySample, 'seconds'>) {
  const values = samples.map((sample) => sample[part] / MIB);
  const half = Math.floor(samples.length / 2);
  const later = samples.slice(half).map(({ seconds }, at) => ({ x: seconds / 60, y: values[half + at]! }));
  const mean = (pick: (point: { x: number; y: number }) => number): number =>
    later.reduce((sum, point) => sum + pick(point), 0) / later.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const covariance = mean(({ x, y }) => (x - meanX) * (y - meanY));
  return {
    first: values[0],
    last: values.at(-1),
    largest: Math.max(...values),
    slopePerMinute: covariance / mean(({ x }) => (x - meanX) ** 2),
  };
}

function image(seed: number): string {
  return JSON.stringify({ pixels: Array.from({ length: 784 }, (_, at) => (at * (seed + 3)) % 256) });
}

function send(url: string, seconds: number, connections: number): Promise<autocannon.Result> {
  return autocannon({
    url,
    connections,
    duration: seconds,
    requests: Array.from({ length: 16 }, (_, seed) => ({
      method: 'POST',
      path: '/predict',
      headers: { 'content-type': 'application/json' },
      body: image(seed),
    })),
  });
}

/** Starts the service, loads it and writes the figures; the exit code. */
async function measure(options: LoadOptions): Promise<number> {
  const { connections, device } = options;
  const { child, url } = await start(options);
  try {
    await send(url, 3, connections);
    const before = await metrics(url);
    const memory = watchMemory(url);
    const result = await send(url, options.seconds, connections);
    const samples = await memory.stop();
    const after = await metrics(url);
    const during = (name: string): number => after(name) - before(name);
    const { latency } = result;
    const model = await servedModel(url);
    // Timeouts are among the errors.
    const failed = result.non2xx + result.errors;
    const report = {
      model,
      device,
      machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
      // Of all that ran on the machine meanwhile, this load included.
      loadAverage: loadavg()[0],
      connections,
      seconds: result.duration,
      batchSize: options.batchSize,
      requests: result['2xx'],
      failed,
      requestsPerSecond: result['2xx'] / result.duration,
      latencyMilliseconds: {
        p50: latency.p50,
        p90: latency.p90,
        p99: latency.p99,
        p999: latency.p99_9,
        max: latency.max,
      },
      meanImagesPerBatch: during('wgrad_batch_images_sum') / during('wgrad_batch_images_count'),
      batches: during('wgrad_batch_images_count'),
      memoryMiB: {
        resident: describeGrowth(samples, 'resident'),
        heap: describeGrowth(samples, 'heap'),
        external: describeGrowth(samples, 'external'),
      },
    };
    console.log(JSON.stringify(report, null, 2));
    mkdirSync('bench/results', { recursive: true });
    const file = `bench/results/serve-${model.name}-${device}.json`;
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`written to ${file}`);
    if (failed > 0) console.error(`${failed} requests failed`);
    return failed > 0 ? 1 : 0;
  } finally {
    child.kill('SIGTERM');
  }
}

async function servedModel(url: string): Promise<{ name: string; version: number }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body: image(0) });
  return ((await response.json()) as { model: { name: string; version: number } }).model;
}

await runCommand('npx tsx bench/load.ts', load);
