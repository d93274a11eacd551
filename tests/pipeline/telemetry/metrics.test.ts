import { once } from 'node:events';
import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { RunMetrics } from '../../../src/pipeline/telemetry/runMetrics.ts';
import { type MetricsServer, serveMetrics } from '../../../src/pipeline/telemetry/metricsServer.ts';
import { sampleRecords, sampleRun } from '../tracking/fixture.ts';

const ANY = { host: '127.0.0.1', port: 0 };

async function served(registry: Registry): Promise<MetricsServer> {
  const server = await serveMetrics(registry, ANY);
  onTestFinished(server.close);
  return server;
}

/** The samples of the trainings, by name and labels. */
async function samples(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

it('serves a registry under /metrics, and nothing else', async () => {
  const registry = new Registry();
  new RunMetrics(registry).start('a', 3);
  const { url } = await served(registry);
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await response.text()).toContain('\nwgrad_training_epochs{run="a"} 3\n');
  expect((await fetch(new URL('/', url))).status).toBe(404);
  const posted = await fetch(url, { method: 'POST' });
  expect([posted.status, await posted.text()]).toEqual([405, 'takes GET /metrics\n']);
});

it('ends connections that wait for a next request', async () => {
  const { url, close } = await served(new Registry());
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(socket, 'data');
  close();
  await once(socket, 'close');
  await expect(fetch(url)).rejects.toThrow();
});

it('says which address cannot be used', async () => {
  const { url } = await served(new Registry());
  const port = Number(new URL(url).port);
  await expect(serveMetrics(new Registry(), { ...ANY, port })).rejects.toThrow(
    new RegExp(`^cannot listen for metrics on 127.0.0.1, port ${port}: .*EADDRINUSE`),
  );
});

it('has the last metrics of each run until the run ends', async () => {
  const registry = new Registry();
  const metrics = new RunMetrics(registry);
  const run = sampleRun();
  const tracker = await metrics.observer().open(run, [], true);
  metrics.note('other', { kind: 'train', epoch: 1, step: 2, metrics: { samplesPerSecond: 1250, lr: 1 } });
  expect(await samples(registry)).toEqual([
    `wgrad_training_epochs{run="${run.id}"} 10`,
    'wgrad_training_epoch{run="other"} 1',
    'wgrad_training_step{run="other"} 2',
    'wgrad_training_samples_per_second{run="other"} 1250',
  ]);
  metrics.end('other');
  for (const record of sampleRecords(2).slice(0, -2)) await tracker.write(record);
  expect(await samples(registry)).toEqual([
    `wgrad_training_epochs{run="${run.id}"} 10`,
    `wgrad_training_epoch{run="${run.id}"} 2`,
    `wgrad_training_step{run="${run.id}"} 20`,
    `wgrad_training_loss{run="${run.id}",part="train"} 0.05`,
    `wgrad_training_loss{run="${run.id}",part="validation"} 0.5`,
    `wgrad_training_accuracy{run="${run.id}",part="train"} 0.5`,
    `wgrad_training_accuracy{run="${run.id}",part="validation"} 0.25`,
  ]);
  await tracker.close!();
  expect(await samples(registry)).toEqual([]);
});
