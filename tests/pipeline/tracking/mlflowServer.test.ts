import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { importOnnx } from '../../../src/formats/onnx/index.ts';
import { open, optim, setDefaultDevice, zeros } from '../../../src/index.ts';
import { saveCheckpoint } from '../../../src/pipeline/checkpoint/checkpoint.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { buildModel } from '../../../src/pipeline/models/buildModel.ts';
import type { JournalRecord } from '../../../src/pipeline/runs/journal/journal.ts';
import { openMlflowServer } from '../../../src/pipeline/tracking/mlflow/server.ts';
import type { TrackedRun } from '../../../src/pipeline/tracking/tracker.ts';
import { ID, sampleRecords, sampleRun, STARTED } from './fixture.ts';
import { type Mischief, startMlflow, type StoredRun } from './mlflowTestServer.ts';

const QUICK = { timeout: 2_000, backOff: 1, maxBackOff: 5, atEnd: 30_000 };

/** Feeds records to a server as a training does, and waits as its end does. */
async function send(
  url: string,
  run: TrackedRun,
  records: readonly JournalRecord[],
  { past = [] as readonly JournalRecord[], patience = QUICK } = {},
): Promise<void> {
  const tracker = await openMlflowServer(url, patience)(run, past, true);
  for (const record of records) {
    await tracker.write(record);
    // Let requests go out between records.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await tracker.close?.();
}

/** The lines that a store should hold, once each. */
function metricLines(records: readonly JournalRecord[]): string[] {
  return records.flatMap((record) =>
    'metrics' in record
      ? Object.entries(record.metrics).map(([name, value]) =>
          [`${record.kind}/${name}`, record.step, value, record.time].join(' '),
        )
      : [],
  );
}

/** The checkpoint of a run's network, untrained. */
async function writeBest({ path, configuration }: TrackedRun): Promise<void> {
  setDefaultDevice(await open('cpu'));
  const model = buildModel(configuration.model, FASHION_MNIST_DESCRIPTION);
  mkdirSync(join(path, 'checkpoints'));
  const optimizer = new optim.Adam(model.parameters());
  const metadata = { data: FASHION_MNIST_DESCRIPTION };
  await saveCheckpoint(
    join(path, 'checkpoints/best.safetensors'),
    model,
    optimizer,
    { epoch: 1, step: 10 },
    '',
    metadata,
  );
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('MLflow over REST', () => {
  it('gets the run with parameters, metrics, data set, pictures and records', async () => {
    const server = await startMlflow();
    const records = sampleRecords(2);
    const run = sampleRun(records);
    await send(server.url, run, records);
    expect([...server.experiments.keys()]).toEqual(['small']);
    const [stored] = [...server.runs.values()];
    expect(server.runs.size).toBe(1);
    expect(stored).toMatchObject({ status: 'FINISHED', endTime: STARTED + 1000 * records.length });
    expect(stored!.params.get('optimizer.lr')).toBe('0.01');
    expect(stored!.params.get('model.hidden')).toBe('[]');
    expect(stored!.tags.get('wgrad.run')).toBe(ID);
    expect([...stored!.metrics].sort()).toEqual(metricLines(records).sort());
    expect([...stored!.metrics].some((line) => line.includes('NaN'))).toBe(true);
    expect(stored!.datasets).toMatchObject([{ dataset: { name: 'fashion-mnist' } }]);
    expect([...stored!.artifacts.keys()].sort()).toEqual([
      'config.yaml',
      'environment.json',
      'metrics.jsonl',
      'wrong_predictions/10.png',
      'wrong_predictions/20.png',
    ]);
    expect(stored!.artifacts.get('config.yaml')).toEqual(readFileSync(join(run.path, 'config.yaml')));
  });

  it('gets tags and notes, and their changes', async () => {
    const server = await startMlflow();
    const records = sampleRecords(1);
    const run = sampleRun(records);
    await send(server.url, { ...run, labels: { tags: ['baseline', 'short'], notes: 'noisy' } }, records);
    const [stored] = [...server.runs.values()];
    const labels = (): string[][] =>
      [...stored!.tags].filter(([key]) => !/^(mlflow\.(?!note)|wgrad\.)/.test(key));
    expect(labels()).toEqual([
      ['baseline', 'true'],
      ['short', 'true'],
      ['mlflow.note.content', 'noisy'],
    ]);
    expect([...stored!.params.keys()]).not.toContain('run.notes');
    // Another client removed a tag that the run does not have any more.
    stored!.tags.delete('short');
    await send(server.url, { ...run, labels: { tags: ['baseline', 'best'], notes: '' } }, [], {
      past: records,
    });
    expect(labels()).toEqual([
      ['baseline', 'true'],
      ['best', 'true'],
    ]);
    expect(server.runs.size).toBe(1);
  });

  it('registers the best weights as a model once, where a name is given, although answers are lost', async () => {
    const server = await startMlflow();
    const run = sampleRun();
    await writeBest(run);
    const records = sampleRecords(1);
    await send(server.url, run, records);
    expect(server.models.size).toBe(0);
    vi.stubEnv('MLFLOW_REGISTERED_MODEL_NAME', 'clothes');
    let lost = 0;
    server.mischief = (request) => (/create/.test(request) && lost++ < 2 ? 'lost' : undefined);
    await send(server.url, run, [], { past: records });
    await send(server.url, run, [], { past: records });
    expect(lost).toBeGreaterThan(2);
    const [[id, stored]] = [...server.runs] as [[string, StoredRun]];
    const source = `mlflow-artifacts:/1/${id}/artifacts/model`;
    expect([...server.models]).toEqual([['clothes', [{ source, run_id: id }]]]);
    const files = ['MLmodel', 'model.onnx', 'python_env.yaml', 'requirements.txt'].map(
      (file) => `model/${file}`,
    );
    expect([...stored.artifacts.keys()].filter((file) => file.startsWith('model/')).sort()).toEqual(files);
    const images = zeros([2, 1, 28, 28]);
    expect(importOnnx(stored.artifacts.get('model/model.onnx')!).forward(images).shape).toEqual([2, 10]);
  });

  it('registers no model of a run that did not finish', async () => {
    vi.stubEnv('MLFLOW_REGISTERED_MODEL_NAME', 'clothes');
    const server = await startMlflow();
    const [end, ...others] = sampleRecords(1).reverse();
    await send(server.url, sampleRun(), [
      ...others.reverse(),
      { ...end!, status: 'interrupted' } as JournalRecord,
    ]);
    expect([...server.runs.values()].map(({ status }) => status)).toEqual(['KILLED']);
    expect(server.models.size).toBe(0);
  });

  it('keeps to the limits of a batch', async () => {
    const server = await startMlflow();
    const records = sampleRecords(600);
    await send(server.url, sampleRun(), [], { past: records.filter(({ kind }) => kind !== 'predictions') });
    const [stored] = [...server.runs.values()];
    expect(stored!.metrics.size).toBe(metricLines(records).length);
    expect(stored!.metrics.size).toBeGreaterThan(3000);
  });

  it.each<[string, (count: number) => Mischief]>([
    ['an answer in three is lost', (count) => (count % 3 === 1 ? 'lost' : undefined)],
    ['the server fails now and then', (count) => (count % 2 === 0 ? { status: 500 } : undefined)],
    [
      'the server asks for a pause',
      (count) => (count % 2 === 0 ? { status: 429, headers: { 'retry-after': '1' } } : undefined),
    ],
  ])('has all of it once, although %s', async (_, mischief) => {
    const server = await startMlflow();
    let faults = 0;
    server.mischief = (request, count) => {
      const fault = request.startsWith('POST') && faults < 20 ? mischief(count) : undefined;
      if (fault) faults += 1;
      return fault;
    };
    const records = sampleRecords(2);
    // The end of a run allows a few tries only: all comes before it.
    const tracker = await openMlflowServer(server.url, QUICK)(sampleRun(), records, true);
    await vi.waitFor(() => expect([...server.runs.values()][0]?.status).toBe('FINISHED'), 20_000);
    await tracker.close?.();
    expect(faults).toBeGreaterThan(2);
    expect(server.runs.size).toBe(1);
    const [stored] = [...server.runs.values()];
    expect([...stored!.metrics].sort()).toEqual(metricLines(records).sort());
  });

  it.each<[string, Mischief]>([
    ['fails', { status: 503 }],
    ['hangs', 'hang'],
  ])('ends in time where the server %s, and is made up for later', async (_, fault) => {
    const server = await startMlflow();
    const records = sampleRecords(1);
    const run = sampleRun();
    // Stops after the run and its first numbers.
    server.mischief = (request) =>
      request.includes('log-batch') && [...server.runs.values()].some(({ params }) => params.size > 0)
        ? fault
        : undefined;
    const patience = { timeout: 30, backOff: 1, maxBackOff: 2, atEnd: 300 };
    await expect(send(server.url, run, records, { patience })).rejects.toThrow(
      /has not got all of run .*the rest waits in the run's folder/,
    );
    server.mischief = () => undefined;
    await send(server.url, run, [], { past: records });
    expect(server.runs.size).toBe(1);
    const [stored] = [...server.runs.values()];
    expect(stored).toMatchObject({ status: 'FINISHED' });
    expect([...stored!.metrics].sort()).toEqual(metricLines(records).sort());
  });

  it('ends in time where nothing listens', async () => {
    const run = sampleRun();
    await expect(send('http://127.0.0.1:9', run, sampleRecords(1))).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:9/,
    );
  });

  it('sends nothing again that was confirmed', async () => {
    const server = await startMlflow();
    const records = sampleRecords(1);
    const run = sampleRun();
    await send(server.url, run, records);
    const before = server.requests.length;
    await send(server.url, run, [], { past: records });
    expect(server.requests.slice(before)).toEqual([]);
  });

  it('finds its run again when the notes of what was sent are lost', async () => {
    const server = await startMlflow();
    const records = sampleRecords(1);
    const run = sampleRun();
    await send(server.url, run, records);
    writeFileSync(join(run.path, 'mlflow.json'), '{');
    await send(server.url, run, [], { past: records });
    expect(server.runs.size).toBe(1);
    expect([...server.runs.values()][0]!.metrics.size).toBe(metricLines(records).length);
  });

  it('goes on with an interrupted run, each step once', async () => {
    const server = await startMlflow();
    const run = sampleRun();
    const records = sampleRecords(2);
    const interrupted: JournalRecord = {
      kind: 'end',
      epoch: 2,
      step: 15,
      status: 'interrupted',
      time: STARTED,
    };
    const first = records.filter(({ step }) => step <= 15);
    await send(server.url, run, [...first, interrupted]);
    expect([...server.runs.values()][0]!.status).toBe('KILLED');
    // Set back to the checkpoint at step 10, so that step 15 is taken once more, at another time.
    const past = records.filter(({ step }) => step <= 10);
    const again = records.slice(past.length).map((record) => ({ ...record, time: record.time! + 60_000 }));
    await send(server.url, run, again, { past });
    const [stored] = [...server.runs.values()];
    expect(stored!.status).toBe('FINISHED');
    const steps = [...stored!.metrics]
      .filter((line) => line.startsWith('train/loss'))
      .map((line) => line.split(' ')[1]);
    expect(steps).toEqual(['5', '10', '15', '20']);
  });

  it('shows its credentials to the server and to nobody else', async () => {
    vi.stubEnv('MLFLOW_TRACKING_TOKEN', 'top-secret');
    const server = await startMlflow();
    server.mischief = () => ({ status: 401 });
    const refused = send(server.url, sampleRun(), sampleRecords(1));
    await expect(refused).rejects.toThrow(/401/);
    await expect(refused).rejects.not.toThrow(/top-secret/);
    expect([...server.authorizations]).toEqual(['Bearer top-secret']);
    // A refusal is not tried again.
    expect(server.requests).toHaveLength(1);

    const address = new URL(server.url);
    [address.username, address.password] = ['me', 'hidden'];
    await expect(send(address.href, sampleRun(), [])).rejects.not.toThrow(/hidden/);
    expect([...server.authorizations]).toContain(`Basic ${Buffer.from('me:hidden').toString('base64')}`);
  });
});
