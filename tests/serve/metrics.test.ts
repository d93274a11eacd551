import { describe, expect, test } from 'vitest';
import { Drift } from '../../src/serve/http/drift.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import type { ModelRecord } from '../../src/serve/registry/modelRecord.ts';
import { inputStatistics } from '../../src/serve/registry/inputStatistics.ts';
import { FakeEngine } from './fakeEngine.ts';
import { addModel, postJson, startService, testImage } from './fixture.ts';

/** The samples of the service's own metrics, by name and labels. */
async function samples(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).matchAll(/^(wgrad_\S*?(?:\{.*?\})?) (\S+)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, Number(value)]));
}

/** An image whose class is `label` for the fake engine, all of one brightness otherwise. */
const image = (label: number, brightness = 51): number[] => [
  label,
  ...new Array<number>(783).fill(brightness),
];

async function startFake(): Promise<Awaited<ReturnType<typeof startService>> & { engine: FakeEngine }> {
  const engine = new FakeEngine();
  const service = await startService({}, { openEngine: () => Promise.resolve(engine) });
  return { ...service, engine };
}

test('requests are counted by method, route and status', async () => {
  const { url } = await startFake();
  await postJson(`${url}/predict`, { pixels: image(1) });
  await postJson(`${url}/predict?model=test`, { pixels: image(1) });
  await postJson(`${url}/predict`, { pixels: [] });
  await fetch(`${url}/health/live`);
  await fetch(`${url}/nowhere/1`);
  await fetch(`${url}/nowhere/2`);
  await expect
    .poll(async () => {
      const found = await samples(url);
      const name = 'wgrad_http_request_duration_seconds_count';
      return [
        found.get(`${name}{method="POST",route="/predict",status="200"}`),
        found.get(`${name}{method="POST",route="/predict",status="400"}`),
        found.get(`${name}{method="GET",route="/health/live",status="200"}`),
        found.get(`${name}{method="GET",route="unknown",status="404"}`),
      ];
    })
    .toEqual([2, 1, 1, 2]);
});

test('times are seconds', async () => {
  const metrics = new Metrics(() => []);
  metrics.observeRequest('GET', '/', 200, 0.25);
  metrics.observeBatch(3, 0.75);
  metrics.observeBatch(5, 0.5);
  metrics.countUnhandledRejection();
  metrics.countUnhandledRejection();
  const text = await metrics.registry.metrics();
  for (const line of [
    'wgrad_http_request_duration_seconds_sum{method="GET",route="/",status="200"} 0.25',
    'wgrad_http_request_duration_seconds_bucket{le="0.25",method="GET",route="/",status="200"} 1',
    'wgrad_http_request_duration_seconds_bucket{le="0.1",method="GET",route="/",status="200"} 0',
    'wgrad_batch_images_sum 8',
    'wgrad_batch_images_count 2',
    'wgrad_batch_images_bucket{le="4"} 1',
    'wgrad_batch_duration_seconds_sum 1.25',
    'wgrad_batch_duration_seconds_count 2',
    'wgrad_unhandled_rejections_total 2',
    'wgrad_ready 0',
    'wgrad_queue_images 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('a request and its batch take as long as they take', async () => {
  const { url, engine } = await startFake();
  engine.beforeAnswer = () => new Promise((resolve) => setTimeout(resolve, 60));
  await postJson(`${url}/predict`, { pixels: image(1) });
  const labels = '{method="POST",route="/predict",status="200"}';
  await expect
    .poll(async () => (await samples(url)).get(`wgrad_http_request_duration_seconds_count${labels}`))
    .toBe(1);
  const found = await samples(url);
  for (const name of [
    `wgrad_http_request_duration_seconds_sum${labels}`,
    'wgrad_batch_duration_seconds_sum',
  ]) {
    expect(found.get(name), name).toBeGreaterThan(0.05);
    expect(found.get(name), name).toBeLessThan(20);
  }
});

test('predictions are counted by class; the model, its readiness and its queue are told', async () => {
  const { url, engine, host, root } = await startFake();
  await postJson(`${url}/predict`, { pixels: [image(0), image(9), image(9)] });
  const { reached, release } = engine.hold();
  const running = postJson(`${url}/predict`, { pixels: image(1) });
  await reached;
  const waiting = postJson(`${url}/predict`, { pixels: [image(1), image(1)] });
  await expect.poll(() => host.waiting).toBe(2);
  const found = await samples(url);
  const weights = host.model!.weightsSha256.slice(0, 12);
  expect(found.get('wgrad_predictions_total{model="test",version="1",class="T-shirt/top"}')).toBe(1);
  expect(found.get('wgrad_predictions_total{model="test",version="1",class="Ankle boot"}')).toBe(2);
  expect(found.get(`wgrad_model_info{name="test",version="1",weights="${weights}"}`)).toBe(1);
  expect(found.get('wgrad_ready')).toBe(1);
  expect(found.get('wgrad_queue_images')).toBe(2);
  expect(found.get('wgrad_batch_images_sum')).toBe(3);
  release();
  await Promise.all([running, waiting]);
  await addModel(root, 'test', 2);
  await host.refresh();
  const names = [...(await samples(url)).keys()].filter((name) => name.startsWith('wgrad_model_info'));
  expect(names).toHaveLength(1);
  expect(names[0]).toContain('version="2"');
});

test('the brightness of the images is told beside that of the training, and from 100 images on their drift', async () => {
  const { url } = await startFake();
  const batch = Array.from({ length: 99 }, () => image(51, 51));
  await postJson(`${url}/predict`, { pixels: batch });
  const before = await samples(url);
  expect(before.get('wgrad_input_mean{model="test"}')).toBeCloseTo(0.2, 12);
  expect(before.get('wgrad_training_input_mean{model="test"}')).toBe(0.286);
  expect(before.get('wgrad_input_drift_psi{model="test"}')).toBeUndefined();
});

test('a model of other training data is compared with these, by the images that came before, too', async () => {
  const metrics = new Metrics(() => []);
  const modelOf = (version: number, mean: number): ModelRecord =>
    ({
      name: 'test',
      version,
      classes: ['a', 'b'],
      inputStatistics: { images: 1, mean, std: 0.1, deciles: Array.from({ length: 9 }, () => mean) },
    }) as unknown as ModelRecord;
  const note = (model: ModelRecord): void => {
    const images = Array.from({ length: 60 }, () => [51, 51]);
    const answers = images.map(() => ({ probabilities: Float32Array.of(1, 0), model }));
    metrics.observeAnswers(
      images,
      answers,
      images.map(() => 0),
    );
  };
  const value = async (name: string): Promise<string | undefined> =>
    new RegExp(`^${name}\\{model="test"\\} (\\S+)$`, 'm').exec(await metrics.registry.metrics())?.[1];
  note(modelOf(1, 0.1));
  expect([await value('wgrad_training_input_mean'), await value('wgrad_input_drift_psi')]).toEqual([
    '0.1',
    undefined,
  ]);
  note(modelOf(2, 0.5));
  expect(await value('wgrad_training_input_mean')).toBe('0.5');
  const drift = new Drift();
  drift.compareWith(Array.from({ length: 9 }, () => 0.5));
  for (let image = 0; image < 120; image++) drift.add([51, 51]);
  expect(Number(await value('wgrad_input_drift_psi'))).toBeCloseTo(drift.stabilityIndex!, 12);
});

describe('drift', () => {
  const deciles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  const flat = (mean: number): number[] => [mean * 255, mean * 255];

  test('is near zero for images like those of the training', () => {
    const drift = new Drift();
    drift.compareWith(deciles);
    for (let at = 0; at < 100; at++) drift.add(flat((at % 10) / 10 + 0.05));
    expect(drift.stabilityIndex).toBeCloseTo(0, 12);
    expect(drift.mean).toBeCloseTo(0.5, 12);
  });

  test('is the population stability index with half an image in each range', () => {
    const drift = new Drift();
    drift.compareWith(deciles);
    expect(drift.mean).toBeUndefined();
    for (let at = 0; at < 99; at++) drift.add(flat(0.05));
    expect(drift.stabilityIndex).toBeUndefined();
    drift.add(flat(0.05));
    const [full, empty] = [100.5 / 105, 0.5 / 105];
    const expected = (full - 0.1) * Math.log(full * 10) + 9 * (empty - 0.1) * Math.log(empty * 10);
    expect(drift.stabilityIndex).toBeCloseTo(expected, 12);
  });

  test('counts an image at a decile as below it', () => {
    const at = (mean: number): number => {
      const drift = new Drift();
      // 0.2 · 255 and its mean are exact.
      drift.compareWith([0.2, 2, 3, 4, 5, 6, 7, 8, 9]);
      for (let image = 0; image < 100; image++) drift.add(flat(image < 50 ? 0.1 : mean));
      return drift.stabilityIndex!;
    };
    expect(at(0.2)).toBe(at(0.1));
    expect(at(0.2)).not.toBe(at(0.21));
  });

  test('is that of the last thousand images', () => {
    const drift = new Drift();
    drift.compareWith(deciles);
    for (let at = 0; at < 500; at++) drift.add(flat(0.95));
    for (let at = 0; at < 999; at++) drift.add(flat(0.05));
    expect(drift.mean).toBeCloseTo((0.95 + 999 * 0.05) / 1000, 12);
    drift.add(flat(0.05));
    expect(drift.mean).toBeCloseTo(0.05, 12);
  });
});

describe('the statistics of images', () => {
  test('are mean and deviation of all pixels, and the deciles of the means', () => {
    // Twenty images of two pixels with the means 0, 5, …, 95.
    const pixels = Uint8Array.from({ length: 40 }, (_, at) => 5 * Math.floor(at / 2));
    const { images, mean, std, deciles } = inputStatistics(pixels.toReversed(), 2);
    expect(images).toBe(20);
    const round = (value: number): number => Number(value.toFixed(6));
    expect(mean).toBe(round(47.5 / 255));
    expect(std).toBe(round(Math.sqrt(831.25) / 255));
    expect(deciles).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90].map((value) => round(value / 255)));
  });

  test('of a single image are its own', () => {
    expect(inputStatistics(Uint8Array.of(255, 0), 2)).toEqual({
      images: 1,
      mean: 0.5,
      std: 0.5,
      deciles: new Array<number>(9).fill(0.5),
    });
  });
});

test('each request leaves a line in the log, without its key', async () => {
  const log: string[] = [];
  const { url, drain } = await startService({ apiKey: 'secret-key' }, {}, log);
  await postJson(`${url}/predict?model=test`, { pixels: testImage(0) }, { 'x-api-key': 'secret-key' });
  await fetch(`${url}/nowhere`, { headers: { authorization: 'Bearer secret-key' } });
  await drain();
  const lines = log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'request');
  expect(lines).toMatchObject([
    { level: 30, method: 'POST', route: '/predict', status: 200, ip: '127.0.0.1' },
    { level: 30, method: 'GET', route: 'unknown', status: 404, ip: '127.0.0.1' },
  ]);
  for (const { milliseconds } of lines) {
    expect(Number.isInteger(milliseconds) && (milliseconds as number) >= 0).toBe(true);
  }
  expect(log.join('')).not.toContain('secret-key');
});
