import { mkdir, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { open } from '../../src/index.ts';
import { moveAlias } from '../../src/serve/registry/aliases.ts';
import { isServed, markServed } from '../../src/serve/registry/served.ts';
import { deleteVersion } from '../../src/serve/registry/versions.ts';
import { champions, resolveModel } from '../../src/serve/registry/reference.ts';
import {
  addModel,
  postJson,
  type Predicted,
  type RunningService,
  serveModels,
  temporaryFolder,
  testImage,
} from './fixture.ts';

const IMAGE = testImage(4);

/** A registry with two versions of one model and one of another. */
async function registry(): Promise<string> {
  const root = await temporaryFolder();
  await addModel(root, 'shirts', 1);
  await addModel(root, 'shirts', 2);
  await addModel(root, 'shoes', 3);
  return root;
}

async function statusAndBody(url: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
}

/** What a model of `/predict` answers for the image: its name, version and probabilities. */
async function predicted({ url }: RunningService, query = ''): Promise<[string, number, number[]]> {
  const { body } = await postJson(`${url}/predict${query}`, { pixels: IMAGE });
  const { model, predictions } = body as Predicted;
  return [model.name, model.version, Object.values(predictions[0]!.probabilities)];
}

async function inferred({ url }: RunningService, path: string): Promise<[string, number, number[]]> {
  const inputs = [{ name: 'pixels', datatype: 'UINT8', shape: [1, 784], data: IMAGE }];
  const { body } = await postJson(`${url}/v2/models/${path}/infer`, { inputs });
  const { model_name, model_version, outputs } = body as {
    model_name: string;
    model_version: string;
    outputs: { data: number[] }[];
  };
  return [model_name, Number(model_version), outputs[0]!.data];
}

describe('several models in one service', () => {
  test('each answer under their names and versions; the first one without a name', async () => {
    const root = await registry();
    const references = ['shirts/2', 'shoes', 'shirts/1'] as const;
    const alone = new Map<string, number[]>();
    for (const reference of references) {
      const [name, version, probabilities] = await predicted(await serveModels({ root }, [reference]));
      alone.set(`${name}/${version}`, probabilities);
    }
    expect(new Set([...alone.values()].map(String)).size).toBe(3);
    const service = await serveModels({ root }, references);
    const expected = (name: string, version: number) => [name, version, alone.get(`${name}/${version}`)];
    expect(await predicted(service)).toEqual(expected('shirts', 2));
    expect(await predicted(service, '?model=shoes')).toEqual(expected('shoes', 3));
    expect(await predicted(service, '?model=shirts')).toEqual(expected('shirts', 2));
    expect(await predicted(service, '?model=shirts/1')).toEqual(expected('shirts', 1));
    expect(await inferred(service, 'shoes')).toEqual(expected('shoes', 3));
    expect(await inferred(service, 'shirts')).toEqual(expected('shirts', 2));
    for (const [name, version] of [
      ['shirts', 1],
      ['shirts', 2],
      ['shoes', 3],
    ] as const) {
      expect(await inferred(service, `${name}/versions/${version}`)).toEqual(expected(name, version));
    }
    // Many at once, to all of them.
    const queries = Array.from({ length: 30 }, (_, at) => references[at % 3]!);
    const answers = await Promise.all(queries.map((query) => predicted(service, `?model=${query}`)));
    answers.forEach((answer, at) => {
      const [name, version] = queries[at]!.split('/') as [string, string?];
      expect(answer).toEqual(expected(name, Number(version ?? 3)));
    });
  });

  test('are described, ready and listed', async () => {
    const { url } = await serveModels({ root: await registry() }, ['shirts/1', 'shoes', 'shirts/2']);
    const [, metadata] = await statusAndBody(`${url}/v2/models/shirts`);
    expect(metadata).toMatchObject({ name: 'shirts', versions: ['1', '2'] });
    const [, other] = await statusAndBody(`${url}/v2/models/shoes/versions/3`);
    expect(other).toMatchObject({ name: 'shoes', versions: ['3'] });
    expect(await statusAndBody(`${url}/v2/models/shirts/versions/2/ready`)).toEqual([
      200,
      { name: 'shirts', ready: true },
    ]);
    const ready = { state: 'READY', reason: '' };
    expect(await statusAndBody(`${url}/v2/repository/index`, { method: 'POST' })).toEqual([
      200,
      [
        { name: 'shirts', version: '1', ...ready },
        { name: 'shoes', version: '3', ...ready },
        { name: 'shirts', version: '2', ...ready },
      ],
    ]);
  });

  test('that are not served get status 404, which says what is', async () => {
    const { url } = await serveModels({ root: await registry() }, ['shirts/2', 'shoes']);
    const noModel = { error: 'there is no model hats; served: shirts, shoes' };
    const noVersion = { error: 'version 1 of shirts is not served; served: 2' };
    expect(await statusAndBody(`${url}/v2/models/hats`)).toEqual([404, noModel]);
    expect(await statusAndBody(`${url}/v2/models/shirts/versions/1`)).toEqual([404, noVersion]);
    const ask = async (query: string): Promise<unknown[]> => {
      const { status, body } = await postJson(`${url}/predict?${query}`, { pixels: IMAGE });
      return [status, body];
    };
    expect(await ask('model=hats')).toEqual([404, noModel]);
    expect(await ask('model=shirts/1')).toEqual([404, noVersion]);
    for (const query of ['model=', 'model=a/b', 'model=shirts@champion', 'model=shirts/2/3']) {
      expect(await ask(query)).toEqual([
        400,
        { error: expect.stringMatching(/model: takes NAME or NAME\/VERSION/) as string },
      ]);
    }
    expect((await ask('model=shirts&model=shoes'))[0]).toBe(400);
    // Not the answer of the first model.
    expect(await ask('modle=shoes')).toEqual([400, { error: expect.stringContaining('modle') as string }]);
    expect((await ask(`model=${'x'.repeat(81)}`))[0]).toBe(400);
  });

  test('are replaced one by one', async () => {
    const root = await registry();
    const service = await serveModels({ root }, ['shirts', 'shoes']);
    await addModel(root, 'shoes', 4);
    for (const host of service.hosts) await host.refresh();
    expect((await predicted(service)).slice(0, 2)).toEqual(['shirts', 2]);
    expect((await predicted(service, '?model=shoes')).slice(0, 2)).toEqual(['shoes', 4]);
    const { status } = await postJson(`${service.url}/predict?model=shoes/3`, { pixels: IMAGE });
    expect(status).toBe(404);
  });

  test('a version that is replaced while a request for it waits does not answer for the new one', async () => {
    const root = await registry();
    const service = await serveModels({ root, delay: 60_000 }, ['shoes']);
    const { url, host } = service;
    const inputs = [{ name: 'pixels', datatype: 'UINT8', shape: [1, 784], data: IMAGE }];
    const waiting = [
      postJson(`${url}/v2/models/shoes/versions/3/infer`, { inputs }),
      postJson(`${url}/predict?model=shoes/3`, { pixels: IMAGE }),
      postJson(`${url}/predict?model=shoes`, { pixels: IMAGE }),
    ] as const;
    await expect.poll(() => host.waiting).toBe(3);
    await addModel(root, 'shoes', 4);
    await host.refresh();
    // The fourth image fills the batch.
    expect((await predicted(service)).slice(0, 2)).toEqual(['shoes', 4]);
    const gone = { error: 'version 3 of shoes is not served any more; version 4 is' };
    const [inferred, named, unnamed] = await Promise.all(waiting);
    expect([inferred.status, inferred.body]).toEqual([404, gone]);
    expect([named.status, named.body]).toEqual([404, gone]);
    expect(unnamed).toMatchObject({ status: 200, body: { model: { version: 4 } } });
  });

  test('fail one by one: the others answer, and the service says which one is not ready', async () => {
    const devices: Backend[] = [];
    let available = true;
    const openDevice = async (): Promise<Backend> => {
      if (!available) throw new Error('no device');
      devices.push(await open('cpu'));
      return devices.at(-1)!;
    };
    const service = await serveModels({ root: await registry(), openDevice }, ['shirts', 'shoes']);
    const { url } = service;
    available = false;
    devices[1]!.run = () => {
      throw new Error('lost');
    };
    const failed = await postJson(`${url}/predict?model=shoes`, { pixels: IMAGE });
    expect(failed.status).toBe(503);
    expect((await predicted(service)).slice(0, 2)).toEqual(['shirts', 2]);
    const reason = expect.stringMatching(/^shoes: the device failed/) as string;
    expect(await statusAndBody(`${url}/health/ready`)).toEqual([503, { status: 'unavailable', reason }]);
    expect(await statusAndBody(`${url}/v2/health/ready`)).toEqual([503, { ready: false }]);
    expect((await statusAndBody(`${url}/v2/models/shoes/ready`))[0]).toBe(503);
    expect((await statusAndBody(`${url}/v2/models/shoes/versions/3/infer`, { method: 'POST' }))[0]).toBe(503);
    expect((await statusAndBody(`${url}/v2/models/shirts/ready`))[0]).toBe(200);
    const index = (body?: string) =>
      statusAndBody(`${url}/v2/repository/index`, {
        method: 'POST',
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body }),
      });
    expect((await index())[1]).toEqual([
      { name: 'shirts', version: '2', state: 'READY', reason: '' },
      {
        name: 'shoes',
        version: '',
        state: 'UNAVAILABLE',
        reason: expect.stringContaining('the device failed') as string,
      },
    ]);
    expect((await index('{"ready": true}'))[1]).toHaveLength(1);
    available = true;
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, { timeout: 20_000 }).toBe(200);
    expect((await predicted(service, '?model=shoes')).slice(0, 2)).toEqual(['shoes', 3]);
  });

  test('have metrics of their own', async () => {
    const service = await serveModels({ root: await registry() }, ['shirts', 'shoes']);
    await predicted(service);
    await postJson(`${service.url}/predict?model=shoes`, {
      pixels: [new Array(784).fill(0), new Array(784).fill(0)],
    });
    const text = await service.metrics.registry.metrics();
    const mean = IMAGE.reduce((sum, value) => sum + value, 0) / 784 / 255;
    expect(Number(/wgrad_input_mean\{model="shirts"\} (\S+)/.exec(text)![1])).toBeCloseTo(mean, 12);
    expect(text).toContain('wgrad_input_mean{model="shoes"} 0\n');
    expect(text).toContain('wgrad_training_input_mean{model="shoes"} 0.286\n');
    expect(text).toMatch(/wgrad_model_info\{name="shirts",version="2",/);
    expect(text).toMatch(/wgrad_model_info\{name="shoes",version="3",/);
    expect(text).toContain('wgrad_ready 1\n');
  });
});

test('a version is not deleted while a service runs it', async () => {
  const root = await registry();
  await moveAlias(join(root, 'shirts'), 'champion', 1);
  const service = await serveModels({ root }, ['shirts', 'shoes']);
  const isRefused = async (name: string, version: number): Promise<void> => {
    await expect(deleteVersion(root, { name, version })).rejects.toThrow(`${name}/${version} is not deleted`);
  };
  await moveAlias(join(root, 'shirts'), 'champion', 2);
  await expect(deleteVersion(root, { name: 'shirts', version: 1 })).rejects.toThrow(
    'shirts/1 is not deleted: a service runs it. Stop the service, or delete with --force.',
  );
  for (const host of service.hosts) await host.refresh();
  await deleteVersion(root, { name: 'shirts', version: 1 });
  await addModel(root, 'shirts', 3);
  await isRefused('shirts', 2);
  await service.drain();
  await deleteVersion(root, { name: 'shirts', version: 2 });
  expect(await readdir(join(root, 'shoes'))).not.toContain('served');
});

test('a version is served only where its whole number is', async () => {
  const root = await registry();
  const model = join(root, 'shirts');
  const release = await markServed(root, join(model, '10'));
  expect([await isServed(model, 1), await isServed(model, 10), await isServed(model, 100)]).toEqual([
    ...[false, true, false],
  ]);
  await release();
  expect(await isServed(model, 10)).toBe(false);
});

test('what a killed process served can be deleted, and --force deletes what runs', async () => {
  const root = await registry();
  const model = join(root, 'shirts');
  const mark = join(model, 'served', '1.0123456789ab', 'lock', `999999999@1@${hostname()}`);
  await mkdir(mark, { recursive: true });
  const release = await markServed(root, join(model, '1'));
  await expect(deleteVersion(root, { name: 'shirts', version: 1 })).rejects.toThrow('a service runs it');
  await release();
  expect(await readdir(join(model, 'served')).catch(() => [])).toEqual([]);
  await deleteVersion(root, { name: 'shirts', version: 1 });
  const other = await markServed(root, join(model, '2'));
  expect(await deleteVersion(root, { name: 'shirts', version: 2 }, true)).toEqual(['champion']);
  await other();
  // A folder elsewhere gets no mark.
  const elsewhere = join(await temporaryFolder(), 'shirts', '1');
  await (
    await markServed(root, elsewhere)
  )();
  expect(await readdir(join(elsewhere, '..')).catch(() => 'missing')).toBe('missing');
});

test('champions are listed, the most accurate one first', async () => {
  const root = await registry();
  expect((await champions(root)).map(({ reference }) => reference)).toEqual([
    'shirts@champion',
    'shoes@champion',
  ]);
  await moveAlias(join(root, 'shirts'), 'champion', 1);
  expect((await resolveModel(root)).path).toBe(join(root, 'shirts', '1'));
  await expect(champions(await temporaryFolder())).rejects.toThrow(/holds no champion. Train one/);
});
