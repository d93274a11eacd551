import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { runSpans } from '../../../src/pipeline/telemetry/runSpans.ts';
import { startTracing, type Tracing } from '../../../src/pipeline/telemetry/tracing.ts';
import type { JournalRecord } from '../../../src/pipeline/runs/journal/records.ts';
import { ID, sampleRecords, sampleRun, STARTED } from '../tracking/fixture.ts';
import { otlpReceiver } from './otlpReceiver.ts';

const VARIABLES = Object.keys(process.env).filter((name) => name.startsWith('OTEL_'));
beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

it.each([
  ['no endpoint', {}],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ['a switch', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
  ['no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' }],
])('traces nothing with %s', async (_, variables: Record<string, string>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  expect(await startTracing('test')).toBeUndefined();
});

async function started(url: string): Promise<Tracing> {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url);
  return (await startTracing('wgrad-train'))!;
}

/** Gives a run's records to its spans, which begin when the run does. */
async function traced({ tracer }: Tracing, records: readonly JournalRecord[]): Promise<void> {
  vi.useFakeTimers({ now: STARTED, toFake: ['Date'] });
  const spans = await runSpans(tracer).open(sampleRun(), [], true);
  for (const record of records) await spans.write(record);
  await spans.close!();
  vi.useRealTimers();
}

it('sends a span of each run and of each of its epochs, with the times of the journal', async () => {
  const receiver = await otlpReceiver();
  const tracing = await started(receiver.url);
  const records = sampleRecords(2);
  await traced(tracing, records);
  await tracing.close();
  expect([...receiver.contentTypes]).toEqual(['application/json']);
  const [first, second, run] = receiver.spans;
  expect(receiver.spans.map(({ name, service }) => [name, service])).toEqual([
    ['epoch', 'wgrad-train'],
    ['epoch', 'wgrad-train'],
    ['train', 'wgrad-train'],
  ]);
  expect(run).toMatchObject({ start: STARTED, end: records.at(-1)!.time, isError: false });
  expect(run!.attributes).toEqual({
    'wgrad.run': ID,
    'wgrad.model': 'mlp',
    'wgrad.epochs': 10,
    'wgrad.seed': 0,
    'wgrad.step': 20,
    'wgrad.test.accuracy': 0.75,
    'wgrad.test.loss': 0.5,
    'wgrad.status': 'finished',
  });
  const lastOf = (epoch: number): number =>
    records.findLast(({ epoch: each, kind }) => each === epoch && kind === 'histograms')!.time!;
  expect([first!.start, first!.end]).toEqual([STARTED, lastOf(1)]);
  expect(second!.start).toBe(lastOf(1));
  for (const epoch of [first!, second!]) {
    expect([epoch.traceId, epoch.parentSpanId]).toEqual([run!.traceId, run!.spanId]);
  }
  expect(second!.attributes).toEqual({
    'wgrad.epoch': 2,
    'wgrad.step': 20,
    'wgrad.train.loss': 1 / 20,
    'wgrad.train.accuracy': 0.5,
    'wgrad.validation.accuracy': 0.25,
    'wgrad.validation.loss': 0.5,
  });
  expect(first!.attributes['wgrad.validation.loss']).toBe('NaN');
});

it('marks a run that failed, and takes the name and the sampler of the environment', async () => {
  const receiver = await otlpReceiver();
  vi.stubEnv('OTEL_SERVICE_NAME', 'mine');
  const tracing = await started(receiver.url);
  await traced(tracing, [{ kind: 'end', epoch: 0, step: 0, status: 'failed' }]);
  await tracing.close();
  expect(receiver.spans).toMatchObject([{ name: 'train', service: 'mine', isError: true }]);

  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
  const silent = await started(receiver.url);
  await traced(silent, sampleRecords(1));
  await silent.close();
  expect(receiver.spans).toHaveLength(1);
});

it('disturbs nobody where the collector is not there', async () => {
  const tracing = await started('http://127.0.0.1:1');
  await traced(tracing, sampleRecords(1));
  await tracing.close();
});

it('leaves no request open where the collector does not answer: it would keep the process alive', async () => {
  let isOpen = false;
  const server = createServer((socket) => {
    isOpen = true;
    socket.on('close', () => (isOpen = false)).on('error', () => undefined);
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const tracing = await started(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  tracing.tracer.startSpan('a').end();
  const closed = tracing.close();
  await vi.waitFor(() => expect(isOpen).toBe(true));
  await closed;
  await vi.waitFor(() => expect(isOpen).toBe(false));
});
