/**
 * The prediction service under load: throughput, latency, batch sizes and memory with 64 connections that each send one
 * image after the other. The service runs as a process of its own, on this machine; the figures go to
 * bench/results/serve-NAME-DEVICE.json.
 *
 *   npx tsx bench/load.ts --model cnn@champion --device webgpu --seconds 60
 *
 * Memory is looked at every second. It grows while code is compiled and the heap finds its size; what counts is the
 * slope after that, over the second half of the time: run it for some minutes to see whether it goes to zero.
 *
 * exit codes: 0 done, 1 where a request failed
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mlp' },
    models: { type: 'string', default: 'models' },
    device: { type: 'string', default: 'auto' },
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '64' },
    'batch-size': { type: 'string', default: '32' },
  },
});

/** Starts the service on a free port, and waits until it listens. */
async function start(): Promise<{ child: ChildProcess; url: string }> {
  const { model, models, device } = values;
  const options = ['--model', model, '--models', models, '--device', device, '--port', '0'];
  const batch = ['--batch-size', values['batch-size'], '--poll', '0'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/api.ts', ...options, ...batch], {
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

const MIB = 2 ** 20;

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

async function load(url: string, seconds: number): Promise<autocannon.Result> {
  return autocannon({
    url,
    connections: Number(values.connections),
    duration: seconds,
    requests: Array.from({ length: 16 }, (_, seed) => ({
      method: 'POST',
      path: '/predict',
      headers: { 'content-type': 'application/json' },
      body: image(seed),
    })),
  });
}

const { child, url } = await start();
try {
  await load(url, 3);
  const before = await metrics(url);
  const memory = watchMemory(url);
  const result = await load(url, Number(values.seconds));
  const samples = await memory.stop();
  const after = await metrics(url);
  const during = (name: string): number => after(name) - before(name);
  const { latency } = result;
  const model = await servedModel(url);
  // Timeouts are among the errors.
  const failed = result.non2xx + result.errors;
  const report = {
    model,
    device: values.device,
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
    // Of all that ran on the machine meanwhile, this load included.
    loadAverage: loadavg()[0],
    connections: Number(values.connections),
    seconds: result.duration,
    batchSize: Number(values['batch-size']),
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
  const file = `bench/results/serve-${model.name}-${values.device}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`written to ${file}`);
  if (failed > 0) {
    console.error(`${failed} requests failed`);
    process.exitCode = 1;
  }
} finally {
  child.kill('SIGTERM');
}

async function servedModel(url: string): Promise<{ name: string; version: number }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body: image(0) });
  return ((await response.json()) as { model: { name: string; version: number } }).model;
}
