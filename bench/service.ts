/** The command that tries the service's endurance. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { command, option } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { deviceName, modelsFolder } from '../src/pipeline/cli/shared.ts';
import { text, wholeNumber } from '../src/pipeline/cli/values.ts';
import { Thread } from '../src/serve/threads/thread.ts';
import type { LivenessMethods } from './service/liveness.ts';
import { startProcess } from './service/process.ts';
import { stopUnderLoad } from './service/stops.ts';
import { abortUploads, largePng, noisyJpeg, pixels, uploads } from './service/uploads.ts';

/** The limit for the 99th percentile of the time that liveness takes, in milliseconds. */
const LIVENESS = 100;
const BATCH = 32;

const service = command({
  about: `
    Tries the prediction service, in a process of its own on this machine: uploads that are broken off at random moments;
    SIGTERM under load, again and again; and the time that /health/live takes while pictures of 4096 × 4096 pixels and
    batches are processed. The figures are written to bench/results/endurance-NAME-DEVICE.json.`,
  options: {
    model: option('<model>', text, 'the model of the registry', { default: 'cnn' }),
    models: modelsFolder,
    device: option('<name>', deviceName, 'webgpu, cpu or auto', { default: 'cpu' }),
    aborts: option('<n>', wholeNumber(0), 'uploads to break off', { default: 1000 }),
    stops: option('<n>', wholeNumber(0), 'times to stop the service', { default: 10 }),
    connections: option('<n>', wholeNumber(), 'open connections when it is stopped', { default: 64 }),
    pictures: option('<n>', wholeNumber(0), 'large pictures to send at once', { default: 24 }),
    batches: option('<n>', wholeNumber(0), `requests of ${BATCH} images to send at once`, { default: 200 }),
  },
  examples: ['--aborts 100 --stops 2'],
  exitCodes: { 1: 'a request was lost, an error was logged, or liveness took too long' },
  run: async ({ model, models, device, ...counts }) => {
    const args = ['--model', model, '--models', models, '--device', device, '--poll', '0'];
    const aborted = await breakOff(args, counts.aborts);
    const liveness = await measureLiveness(args, counts);
    const stops = [];
    for (let stop = 0; stop < counts.stops; stop++) {
      stops.push(await stopUnderLoad(await startProcess(...args), counts.connections, 1000));
      console.log(JSON.stringify(stops.at(-1)));
    }
    const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
    const report = { model, device, machine, aborted, liveness, stops };
    mkdirSync('bench/results', { recursive: true });
    const file = `bench/results/endurance-${model}-${device}.json`;
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`written to ${file}`);
    const isGood =
      aborted.errors === 0 &&
      aborted.exitCode === 0 &&
      stops.every(({ lost, exitCode }) => lost.length === 0 && exitCode === 0) &&
      !(liveness.p99 > LIVENESS);
    return isGood ? 0 : 1;
  },
});

async function breakOff(args: readonly string[], count: number) {
  const { child, port, url, errors, exit } = await startProcess(...args);
  const kinds = uploads(await noisyJpeg(3840, 2600), await largePng(1024));
  await abortUploads(port, kinds, { count, atOnce: 16, random: Math.random });
  const rejections = /^wgrad_unhandled_rejections_total (\d+)$/m.exec(
    await (await fetch(`${url}/metrics`)).text(),
  )?.[1];
  const answer = await fetch(`${url}/predict`, json({ pixels: pixels(1) }));
  child.kill('SIGTERM');
  const [exitCode] = await exit;
  const result = {
    count,
    errors: errors.length,
    unhandledRejections: Number(rejections),
    statusAfter: answer.status,
    exitCode,
  };
  console.log(JSON.stringify(result));
  return result;
}

async function measureLiveness(args: readonly string[], counts: { pictures: number; batches: number }) {
  // All of them wait in turn.
  const queue = ['--queue', String(BATCH * (counts.batches + 1)), '--timeout', '300000'];
  const { child, port, url, exit } = await startProcess(...args, ...queue);
  const png = new Uint8Array(await largePng());
  const batch = json({ pixels: Array.from({ length: BATCH }, (_, seed) => pixels(seed)) });
  const watch = new Thread<LivenessMethods>(new URL('./service/liveness.ts', import.meta.url));
  await watch.call('start', port);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = (await watch.call('stop'))!;
  await eventLoopLag(url);
  await watch.call('start', port);
  const began = performance.now();
  const picture = { method: 'POST', headers: { 'content-type': 'image/png' }, body: png };
  const answers = await Promise.all([
    ...Array.from({ length: counts.pictures }, () => statusOf(url, picture)),
    ...Array.from({ length: counts.batches }, () => statusOf(url, batch)),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const times = (await watch.call('stop'))!;
  const lag = await eventLoopLag(url);
  await watch.close();
  child.kill('SIGTERM');
  await exit;
  const at = (list: readonly number[], share: number): number =>
    list[Math.min(list.length - 1, Math.floor(share * list.length))] ?? NaN;
  const result = {
    ...counts,
    pictureBytes: png.length,
    seconds,
    answered: answers.filter((status) => status === 200).length,
    questions: times.length,
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    max: times.at(-1) ?? NaN,
    serviceEventLoopMax: lag,
    quiet: { p50: at(before, 0.5), p99: at(before, 0.99) },
  };
  console.log(JSON.stringify(result));
  return result;
}

/** The longest delay of the service's event loop since it was asked last, in milliseconds. */
async function eventLoopLag(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return 1000 * Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]);
}

async function statusOf(url: string, init: RequestInit): Promise<number> {
  const answer = await fetch(`${url}/predict`, init);
  await answer.arrayBuffer();
  return answer.status;
}

function json(value: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

await runCommand('npx tsx bench/service.ts', service);
