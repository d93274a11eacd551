import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { type Backend, open } from '../../src/index.ts';
import { RequestError } from '../../src/serve/errors.ts';
import { readKey } from '../../src/serve/http/authentication.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import { Predictor } from '../../src/serve/http/predictor.ts';
import { PictureThreads } from '../../src/serve/images/pictureThreads.ts';
import type { ModelHost } from '../../src/serve/inference/host.ts';
import { DEFAULT_OPTIONS } from '../../src/serve/options.ts';
import { moveAlias } from '../../src/serve/registry/aliases.ts';
import { addModel, postJson, type Predicted, startService, testImage } from './fixture.ts';
import { openSocket, wire } from './rawSocket.ts';

/** A grey PNG of 28 × 28 whose border is black, so that it is taken as it is. */
async function picture(): Promise<{ pixels: number[]; png: Buffer }> {
  const pixels = testImage(5).map((value, at) => {
    const [x, y] = [at % 28, Math.floor(at / 28)];
    return x === 0 || y === 0 || x === 27 || y === 27 ? 0 : value;
  });
  const raw = { width: 28, height: 28, channels: 1 } as const;
  return { pixels, png: await sharp(Buffer.from(pixels), { raw }).png().toBuffer() };
}

describe('predict', () => {
  test('pixels, a batch, a body, base64 and a form give the same answer', async () => {
    const { url } = await startService();
    const { pixels, png } = await picture();
    const one = (await postJson(`${url}/predict`, { pixels })).body as Predicted;
    expect(one.model).toEqual({ name: 'test', version: 1 });
    const [expected] = one.predictions;
    expect(Object.values(expected!.probabilities).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(expected!.probabilities[expected!.name]).toBe(expected!.probability);

    const batch = (await postJson(`${url}/predict`, { pixels: [testImage(1), pixels] })).body as Predicted;
    expect(batch.predictions[1]).toEqual(expected);
    const base64 = png.toString('base64');
    const wrapped = `${base64.replaceAll(/.{76}/g, '$&\r\n')}\n`;
    expect(wrapped).toMatch(/\r\n./);
    for (const body of [
      { image: base64 },
      { image: wrapped },
      { images: [`data:image/png;base64,${base64}`] },
    ]) {
      expect(((await postJson(`${url}/predict`, body)).body as Predicted).predictions).toEqual([expected]);
    }
    const raw = { method: 'POST', headers: { 'content-type': 'image/png' }, body: new Uint8Array(png) };
    expect(((await (await fetch(`${url}/predict`, raw)).json()) as Predicted).predictions).toEqual([
      expected,
    ]);
    const form = new FormData();
    form.set('comment', 'a shirt');
    form.set('image', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'shirt.png');
    const posted = await fetch(`${url}/predict`, { method: 'POST', body: form });
    expect(((await posted.json()) as Predicted).predictions).toEqual([expected]);
  });

  test.each([
    ['no JSON', '{"pixels": [', 400],
    ['too few pixels', { pixels: [1, 2, 3] }, 400],
    ['a pixel that is no number', { pixels: testImage(0).map(String) }, 400],
    ['a pixel out of range', { pixels: testImage(0).with(3, 256) }, 400],
    ['a number that JSON turns into infinity', `{"pixels": [1e999${',0'.repeat(783)}]}`, 400],
    ['an unknown key', { pixels: testImage(0), class: 3 }, 400],
    ['an empty batch', { pixels: [] }, 400],
    ['null', 'null', 400],
    ['a poisoned prototype', '{"__proto__": {"pixels": []}}', 400],
    ['no base64', { image: '<script>' }, 400],
    ['base64 of no picture', { image: 'aGVsbG8gd29ybGQ=' }, 415],
    ['too many images', { pixels: Array.from({ length: 9 }, () => testImage(0)) }, 413],
    ['a body over the limit', `{"pixels": "${'x'.repeat(2 ** 17)}"}`, 413],
  ])('refuses %s', async (_, body, status) => {
    const { url } = await startService({ imageLimit: 8, bodyLimit: 2 ** 17 });
    const answer = await postJson(`${url}/predict`, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: expect.any(String) as string });
    // And still answers.
    expect((await postJson(`${url}/predict`, { pixels: testImage(1) })).status).toBe(200);
  });

  test('refuses other types, empty bodies and forms without files', async () => {
    const { url } = await startService();
    const status = async (init: RequestInit): Promise<number> =>
      (await fetch(`${url}/predict`, { method: 'POST', ...init })).status;
    const gif = { method: 'POST', headers: { 'content-type': 'image/gif' }, body: 'GIF89a' };
    const refused = await fetch(`${url}/predict`, gif);
    expect([refused.status, await refused.json()]).toEqual([
      415,
      {
        error: 'takes a picture as PNG, JPEG, WebP or AVIF, got GIF: convert it to JPEG or PNG',
      },
    ]);
    expect(await status({ headers: { 'content-type': 'text/plain' }, body: 'hello' })).toBe(415);
    expect(await status({})).toBe(400);
    expect(await status({ headers: { 'content-type': 'image/png' }, body: '' })).toBe(415);
    expect(await status({ body: new FormData() })).toBe(400);
    const form = 'multipart/form-data';
    expect(await status({ headers: { 'content-type': form }, body: 'x' })).toBe(400);
    const begun = '--b\r\ncontent-disposition: form-data; name="a"; filename="a.png"\r\n\r\nab';
    for (const body of ['x', begun, `${begun}\r\n--b`]) {
      // What has arrived of a file may be looked at before the end is missed.
      expect([400, 415]).toContain(
        await status({ headers: { 'content-type': `${form}; boundary=b` }, body }),
      );
    }
    expect((await fetch(`${url}/predict`)).status).toBe(405);
  });
});

describe('Open Inference Protocol', () => {
  const infer = '/v2/models/test/infer';
  const input = (values: number[], shape: number[]) => ({
    id: 'a',
    inputs: [{ name: 'pixels', datatype: 'FP32', shape, data: values }],
  });

  test('JSON and binary tensors give the bits of /predict', async () => {
    const { url } = await startService();
    const image = testImage(2);
    const plain = (await postJson(`${url}/predict`, { pixels: image })).body as Predicted;
    const expected = Object.values(plain.predictions[0]!.probabilities);
    const json = (await postJson(url + infer, input(image, [1, 28, 28]))).body;
    expect(json).toEqual({
      model_name: 'test',
      model_version: '1',
      id: 'a',
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [1, 10], data: expected },
        { name: 'label', datatype: 'INT64', shape: [1], data: [plain.predictions[0]!.class] },
      ],
    });

    const header = Buffer.from(
      JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: [
          { name: 'pixels', datatype: 'UINT8', shape: [1, 784], parameters: { binary_data_size: 784 } },
        ],
      }),
    );
    const response = await fetch(`${url}/v2/models/test/versions/1/infer`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(header.length),
      },
      body: Buffer.concat([header, Buffer.from(image)]),
    });
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    const { outputs } = JSON.parse(bytes.toString('utf8', 0, length)) as { outputs: object[] };
    expect(outputs).toEqual([
      { name: 'probabilities', datatype: 'FP32', shape: [1, 10], parameters: { binary_data_size: 40 } },
      { name: 'label', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
    ]);
    const floats = Array.from({ length: 10 }, (_, at) => bytes.readFloatLE(length + 4 * at));
    expect(floats).toEqual(expected);
    expect(Number(bytes.readBigInt64LE(length + 40))).toBe(plain.predictions[0]!.class);
  });

  test.each([
    ['a shape that promises more', input([1, 2], [1, 28, 28]), 400],
    ['a shape that promises terabytes', input([1], [2 ** 40, 784]), 413],
    ['more values than the shape', input(new Array(785).fill(0) as number[], [1, 784]), 400],
    ['another shape', input([1], [1]), 400],
    ['values out of range', input(testImage(0).with(0, -1), [1, 784]), 400],
    [
      'nesting without end',
      `{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,784],"data":${'['.repeat(5000)}${']'.repeat(5000)}}]}`,
      400,
    ],
    ['another input', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 784], data: [] }] }, 400],
    ['another output', { ...input(testImage(0), [1, 784]), outputs: [{ name: 'x' }] }, 400],
    ['no inputs', { inputs: [] }, 400],
  ])('refuses %s', async (_, body, status) => {
    const { url } = await startService();
    const answer = await postJson(url + infer, body);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status,
      body: { error: expect.any(String) as string },
    });
  });

  test('refuses lying binary lengths, other models and other versions', async () => {
    const { url } = await startService();
    for (const length of ['999999', '-1', '1e3', '']) {
      const headers = {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': length,
      };
      const response = await fetch(url + infer, { method: 'POST', headers, body: '{}' });
      expect(response.status).toBe(400);
    }
    for (const path of ['other', 'test/versions/2', '..%2f..']) {
      expect((await fetch(`${url}/v2/models/${path}`)).status).toBe(404);
    }
  });
});

describe('under stress', () => {
  test('many at once get their own answers', async () => {
    const { url, metrics } = await startService();
    const alone = await Promise.all(
      Array.from({ length: 8 }, (_, seed) => postJson(`${url}/predict`, { pixels: testImage(seed) })),
    );
    const crowd = await Promise.all(
      Array.from({ length: 64 }, (_, at) => postJson(`${url}/predict`, { pixels: testImage(at % 8) })),
    );
    crowd.forEach(({ status, body }, at) => {
      expect(status).toBe(200);
      expect(body).toEqual(alone[at % 8]!.body);
    });
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/wgrad_predictions_total\{model="test",version="1",class="[^"]+"\} \d+/);
    expect(text).toMatch(/wgrad_queue_images 0/);
  });

  test('more than may wait are told to come back', async () => {
    const { url } = await startService({}, { queueLimit: 3 });
    const answer = await postJson(`${url}/predict`, {
      pixels: Array.from({ length: 4 }, () => testImage(0)),
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('clients that hang up leave nothing behind', async () => {
    const { url, host } = await startService();
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const gone = new AbortController();
        const request = fetch(`${url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ pixels: [testImage(0), testImage(1)] }),
          signal: gone.signal,
        });
        setImmediate(() => gone.abort());
        await request.catch(() => undefined);
      }),
    );
    expect((await postJson(`${url}/predict`, { pixels: testImage(1) })).status).toBe(200);
    expect(host.waiting).toBe(0);
  });
});

test('nothing is asked of the model for a client that is gone already', async () => {
  const predict = vi.fn(() => Promise.reject(new Error('nobody waits for this')));
  const host = { predict } as unknown as ModelHost;
  const predictor = new Predictor(
    host,
    DEFAULT_OPTIONS,
    new Metrics(() => [host]),
    new PictureThreads(DEFAULT_OPTIONS),
  );
  const gone = AbortSignal.abort(new RequestError(504, 'the client disconnected'));
  await expect(predictor.predict([testImage(0)], gone)).rejects.toThrow('disconnected');
  expect(predict).not.toHaveBeenCalled();
});

test('pictures whose sender hangs up at any moment harm nobody, and are no errors for the log', async () => {
  const log: string[] = [];
  const { url, port, host } = await startService({}, {}, log);
  const noise = { type: 'gaussian', mean: 100, sigma: 50 } as const;
  const create = { width: 1500, height: 1500, channels: 3, background: 'red', noise } as const;
  const jpeg = await sharp({ create }).jpeg().toBuffer();
  const head = wire('POST', '/predict', '', ['Content-Type: image/jpeg', `Content-Length: ${jpeg.length}`]);
  const half = jpeg.subarray(0, jpeg.length / 2);
  const form =
    wire('POST', '/predict', '', [
      'Content-Type: multipart/form-data; boundary=b',
      'Content-Length: 9999999',
    ]) + '--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n';
  for (const delay of [0, 2, 5, 10, 20, 40, 80, 120, 160, 240]) {
    const sockets = [
      [head, jpeg],
      [head, jpeg],
      [head, half],
      [form, half],
    ].map((parts) => {
      const socket = openSocket(port);
      for (const part of parts) socket.write(part);
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, delay));
    for (const socket of sockets) socket.destroy();
  }
  expect(log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  expect((await postJson(`${url}/predict`, { pixels: testImage(1) })).status).toBe(200);
  expect(host.waiting).toBe(0);
});

describe('life cycle', () => {
  test('when the alias moves, the new version takes over; a damaged one does not', async () => {
    const { url, host, root } = await startService();
    const version = async (): Promise<number> =>
      ((await postJson(`${url}/predict`, { pixels: testImage(0) })).body as Predicted).model.version;
    expect(await version()).toBe(1);
    await addModel(root, 'test', 2);
    await host.refresh();
    expect(await version()).toBe(2);
    await moveAlias(`${root}/test`, 'champion', 99);
    await host.refresh();
    expect(await version()).toBe(2);
  });

  test('a lost device makes the service unready, until the model runs on a new one', async () => {
    let available = true;
    const opened: Backend[] = [];
    const { url } = await startService(
      {},
      {
        openDevice: async () => {
          if (!available) throw new Error('no device');
          const device = await open('cpu');
          opened.push(device);
          return device;
        },
      },
    );
    const before = await postJson(`${url}/predict`, { pixels: testImage(0) });
    available = false;
    // What a lost device does: everything fails from now on.
    opened.at(-1)!.run = () => {
      throw new Error('lost');
    };
    const during = await postJson(`${url}/predict`, { pixels: testImage(0) });
    expect(during.status).toBe(503);
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${url}/v2/health/ready`)).status).toBe(503);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    available = true;
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, { timeout: 20_000 }).toBe(200);
    expect(await postJson(`${url}/predict`, { pixels: testImage(0) })).toMatchObject({
      status: 200,
      body: before.body,
    });
  });
  test('a device that hangs counts as failed', async () => {
    const opened: Backend[] = [];
    const { url } = await startService(
      {},
      {
        batchTimeout: 200,
        openDevice: async () => {
          opened.push(await open('cpu'));
          return opened.at(-1)!;
        },
      },
    );
    opened[0]!.read = () => new Promise(() => undefined);
    expect((await postJson(`${url}/predict`, { pixels: testImage(0) })).status).toBe(503);
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, { timeout: 20_000 }).toBe(200);
    expect((await postJson(`${url}/predict`, { pixels: testImage(0) })).status).toBe(200);
    expect(opened).toHaveLength(2);
  });

  test('draining answers what has come in, and then nothing more', async () => {
    const { url, drain } = await startService({}, { delay: 200 });
    const running = postJson(`${url}/predict`, { pixels: testImage(0) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await drain();
    expect((await running).status).toBe(200);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  test('with a key, nothing but health, page and documentation is open', async () => {
    const { url } = await startService({ apiKey: 'secret-key' });
    const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(url + path, { headers })).status;
    for (const path of [
      '/',
      '/page/style.css',
      '/health/ready',
      '/health/live',
      '/v2/health/live',
      '/docs/',
    ]) {
      expect(await statusOf(path), path).toBe(200);
      expect(await statusOf(`${path}?verbose=1`), path).toBe(200);
    }
    expect(await statusOf('/metrics?path=/health/ready')).toBe(401);
    for (const path of ['/metrics', '/v2', '/v2/models/test', '/page/../metrics', '/docs/../metrics']) {
      const { status, headers } = await fetch(url + path);
      expect([status, headers.get('www-authenticate')], path).toEqual([401, 'Bearer realm="wgrad"']);
    }
    expect(await statusOf('//metrics')).toBe(401);
    for (const key of ['', 'secret', 'secret-keyy']) {
      expect((await postJson(`${url}/predict`, { pixels: testImage(0) }, { 'x-api-key': key })).status).toBe(
        401,
      );
    }
    expect(await statusOf('/v2', { authorization: 'Bearer secret-key' })).toBe(200);
    expect(await statusOf('/v2', { authorization: 'bearer secret-key' })).toBe(200);
    expect(
      (await postJson(`${url}/predict`, { pixels: testImage(0) }, { 'x-api-key': 'secret-key' })).status,
    ).toBe(200);
    // A proxy may have a key of its own.
    expect(await statusOf('/v2', { authorization: 'Bearer other', 'x-api-key': 'secret-key' })).toBe(200);
    expect(await statusOf('/v2', { authorization: 'Bearer secret-key', 'x-api-key': 'other' })).toBe(200);
    expect(await statusOf('/v2', { authorization: 'Bearer other', 'x-api-key': 'other' })).toBe(401);
  });

  test('a key is read without the line break of the file that held it; an empty one is refused', () => {
    expect(readKey('secret-key\n')).toBe('secret-key');
    expect(readKey(undefined)).toBeUndefined();
    for (const key of ['', ' \n', 'two words', 'ключ']) {
      expect(() => readKey(key)).toThrow(
        /WGRAD_API_KEY takes printable ASCII .* Unset it to serve without a key/,
      );
    }
  });

  test('answers carry the headers that keep browsers from doing more than asked', async () => {
    const { url } = await startService();
    const { headers } = await fetch(`${url}/`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    // The page is cross-origin isolated: its workers may share memory.
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBeTruthy();
    for (const path of ['/page/..%2f..%2fservice.ts', '/page/%2e%2e/service.ts', '/page/style.css%00.html']) {
      expect((await fetch(url + path)).status, path).toBeGreaterThanOrEqual(400);
    }
  });
});
