import { request } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { startTracing } from '../../src/pipeline/telemetry/tracing.ts';
import { otlpReceiver } from '../pipeline/telemetry/otlpReceiver.ts';
import { FakeEngine } from './fakeEngine.ts';
import { postJson, startService } from './fixture.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test('each request is a span, which continues the trace of the client', async () => {
  const receiver = await otlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '10');
  const tracing = (await startTracing('wgrad-api'))!;
  const engine = new FakeEngine();
  const { url, drain } = await startService(
    { tracer: tracing.tracer },
    { openEngine: () => Promise.resolve(engine) },
  );
  const before = Date.now();
  const pixels = [1, ...new Array<number>(783).fill(51)];
  await postJson(`${url}/predict?model=test`, { pixels }, { traceparent: `00-${TRACE}-${PARENT}-01` });
  await postJson(`${url}/predict`, { pixels: [] }, { traceparent: 'nonsense', 'user-agent': 'curl/8' });
  await fetch(`${url}/nowhere/1`);

  // A client that goes before its answer.
  let gone!: () => void;
  engine.beforeAnswer = () => new Promise((resolve) => (gone = resolve));
  const { hostname, port } = new URL(url);
  const headers = { 'content-type': 'application/json' };
  const leaving = request({ hostname, port, path: '/predict', method: 'POST', headers });
  leaving.once('error', () => undefined);
  leaving.end(JSON.stringify({ pixels }));
  await expect.poll(() => gone).toBeDefined();
  leaving.destroy();
  await expect.poll(() => receiver.spans).toHaveLength(4);
  gone();
  await drain();
  await tracing.close();

  expect(receiver.spans.map(({ name, kind, isError }) => [name, kind, isError])).toEqual([
    ['POST /predict', 2, false],
    ['POST /predict', 2, false],
    ['GET', 2, false],
    ['POST /predict', 2, true],
  ]);
  const [known, unknown, nowhere, aborted] = receiver.spans;
  expect(known).toMatchObject({ service: 'wgrad-api', traceId: TRACE, parentSpanId: PARENT });
  expect(known!.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/predict',
    'http.response.status_code': 200,
    'url.path': '/predict',
    'url.scheme': 'http',
    'client.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'user_agent.original': 'node',
  });
  expect(known!.start).toBeGreaterThanOrEqual(before);
  expect(known!.end).toBeGreaterThanOrEqual(known!.start);
  expect(unknown!.traceId).not.toBe(TRACE);
  expect(unknown!.attributes).toMatchObject({
    'http.response.status_code': 400,
    'user_agent.original': 'curl/8',
  });
  expect(nowhere!.attributes).toMatchObject({ 'url.path': '/nowhere/1', 'http.response.status_code': 404 });
  expect(nowhere!.attributes).not.toHaveProperty('http.route');
  expect(aborted!.attributes).toMatchObject({ 'error.type': 'aborted' });
  expect(aborted!.attributes).not.toHaveProperty('http.response.status_code');
});
