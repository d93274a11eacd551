/**
 * The prediction service under load: throughput, latency, batch sizes and memory with 64 connections that each send one
 * image after the other. The service runs as a process of its own, on this machine; the figures go to
 * bench/results/serve-NAME-DEVICE.json.
 *
 *   npx tsx bench/load.ts --model cnn@champion --device webgpu --seconds 60
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

/** A metric's samples, by labels. */
async function metric(url: string, name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
  return new Map(samples.map(([, labels = '', value]) => [labels, Number(value)]));
}

async function rss(url: string): Promise<number> {
  return [...(await metric(url, 'process_resident_memory_bytes')).values()][0] ?? NaN;
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
  const [batchesBefore, imagesBefore] = await batches(url);
  const rssBefore = await rss(url);
  const result = await load(url, Number(values.seconds));
  const [batchesAfter, imagesAfter] = await batches(url);
  const rssAfter = await rss(url);
  const { model } = (await (
    await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: image(0),
    })
  ).json()) as { model: { name: string; version: number } };
  const { latency } = result;
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
    failed: result.non2xx + result.errors + result.timeouts,
    requestsPerSecond: result['2xx'] / result.duration,
    latencyMilliseconds: {
      p50: latency.p50,
      p90: latency.p90,
      p99: latency.p99,
      p999: latency.p99_9,
      max: latency.max,
    },
    meanImagesPerBatch: (imagesAfter - imagesBefore) / (batchesAfter - batchesBefore),
    batches: batchesAfter - batchesBefore,
    rssBytes: { before: rssBefore, after: rssAfter },
  };
  console.log(JSON.stringify(report, null, 2));
  mkdirSync('bench/results', { recursive: true });
  const file = `bench/results/serve-${model.name}-${values.device}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`written to ${file}`);
} finally {
  child.kill('SIGTERM');
}

async function batches(url: string): Promise<[batches: number, images: number]> {
  const [count] = (await metric(url, 'wgrad_batch_images_count')).values();
  const [sum] = (await metric(url, 'wgrad_batch_images_sum')).values();
  return [count ?? 0, sum ?? 0];
}
