// What requests may hold, to the last letter, and what they get for more.

import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { PictureError } from '../../src/pipeline/pictures/error.ts';
import { picture, pictures, pixels } from '../../src/serve/http/bodyChecks.ts';
import { datatypeOf } from '../../src/serve/http/datatypes.ts';
import { answerTo, errorBody } from '../../src/serve/http/errors.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import type { ModelHost } from '../../src/serve/inference/host.ts';
import { plainError } from '../../src/serve/threads/calls.ts';
import { FakeEngine } from './fakeEngine.ts';
import {
  addModel,
  postJson,
  type Predicted,
  serveModels,
  startService,
  temporaryFolder,
  testImage,
} from './fixture.ts';
import { CLOSE, exchange, wire } from './rawSocket.ts';

const IMAGE = testImage(4);
const INFER = '/v2/models/test/infer';
const tensor = { name: 'pixels', datatype: 'UINT8', shape: [1, 784], data: IMAGE };

interface Inferred {
  outputs: { name: string; data: number[] }[];
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  return (await fetch(url, init)).status;
}

const errorOf = ({ body }: { body: unknown }): string => (body as { error: string }).error;

test('names and versions of models may be as long as the registry’s', async () => {
  const [root, name] = [await temporaryFolder(), 'x'.repeat(64)];
  await addModel(root, name, 1);
  const { url } = await serveModels({ root }, [name]);
  const inputs = [tensor];
  for (const path of [name, `${name}/versions/1`]) {
    expect(await statusOf(`${url}/v2/models/${path}`), path).toBe(200);
    expect(await statusOf(`${url}/v2/models/${path}/ready`), path).toBe(200);
    expect((await postJson(`${url}/v2/models/${path}/infer`, { inputs })).status, path).toBe(200);
  }
  const get = (path: string): Promise<number> => statusOf(`${url}/v2/models/${path}`);
  expect([
    await get(`${name}/versions/${'9'.repeat(16)}`),
    await get(`${name}/versions/${'9'.repeat(17)}`),
  ]).toEqual([...[404, 400]]);
  expect([await get(`${name}x`), await get('y'.repeat(64))]).toEqual([400, 404]);
  const predict = async (model: string): Promise<number> =>
    (await postJson(`${url}/predict?model=${model}`, { pixels: IMAGE })).status;
  expect(await predict(`${name}/1`)).toBe(200);
  expect(await predict(`${name}/${'9'.repeat(15)}`)).toBe(404);
  expect(await predict(`${name}/${'9'.repeat(16)}`)).toBe(400);
});

test('a name that is served twice is named once', async () => {
  const root = await temporaryFolder();
  for (const version of [1, 2]) await addModel(root, 'shirts', version);
  const { url } = await serveModels({ root }, ['shirts/1', 'shirts/2']);
  expect(await (await fetch(`${url}/v2/models/hats`)).json()).toEqual({
    error: 'there is no model hats; served: shirts',
  });
});

/** Headers, and what they get from a service with a key. */
const KEYS: readonly (readonly [headers: Record<string, string>, status: number])[] = [
  [{ authorization: 'Bearer secret' }, 200],
  [{ authorization: 'BEARER secret' }, 200],
  [{ 'x-api-key': 'secret' }, 200],
  // Where both are given, either counts.
  [{ authorization: 'Bearer secret', 'x-api-key': 'other' }, 200],
  [{ authorization: 'Bearer other', 'x-api-key': 'secret' }, 200],
  [{ authorization: 'Bearer other', 'x-api-key': 'other' }, 401],
  // A proxy's own.
  [{ authorization: 'Basic dXNlcg==', 'x-api-key': 'secret' }, 200],
  [{ authorization: 'secret' }, 401],
  [{ authorization: 'Bearer' }, 401],
  [{ authorization: 'Bearer secret x' }, 401],
  [{ authorization: 'xBearer secret' }, 401],
  [{}, 401],
];

test('a key comes as a bearer, or in a header of its own', async () => {
  const { url } = await startService({ apiKey: 'secret' });
  for (const [headers, status] of KEYS) {
    expect([headers, await statusOf(`${url}/v2`, { headers })]).toEqual([headers, status]);
  }
});

test('no key is needed for probes, the page and the documentation, and for nothing that begins like them', async () => {
  const { url } = await startService({ apiKey: 'secret' });
  for (const path of [
    ...['/', '/health/live', '/health/ready', '/v2/health/live', '/v2/health/ready', '/page/icon.svg'],
    ...['/docs', '/docs/', '/docs/json'],
  ]) {
    expect(await statusOf(url + path), path).toBe(200);
  }
  for (const path of [
    '/health',
    '/health/live/x',
    '/healthx',
    '/v2/health',
    '/docsx',
    '/page',
    '/x/docs',
    '/x',
  ]) {
    expect(await statusOf(url + path), path).toBe(401);
  }
});

describe('what is a picture or an image in JSON', () => {
  test.each([
    ['a', true],
    ['aGk=', true],
    ['aA==', true],
    ['aGk_-', true],
    ['data:image/svg+xml;base64,aGk=', true],
    ['data:image/vnd.x-icon;base64,aGk=', true],
    ['data:application/octet-stream;base64,aGk=', true],
    ['', false],
    ['a===', false],
    ['data:image/png,aGk=', false],
    ['data:;base64,aGk=', false],
    ['data:image/png;base64,', false],
    ['a,b', false],
    [1, false],
    [null, false],
  ])('%j: %s', (text, isPicture) => {
    expect(picture.safeParse(text).success).toBe(isPicture);
    expect(pictures.safeParse([text]).success).toBe(isPicture);
    expect(pictures.safeParse(['aGk=', text]).success).toBe(isPicture);
  });

  test('pixels', () => {
    const isTaken = (value: unknown): boolean => pixels.safeParse(value).success;
    for (const value of [[0], [255], [0.5], [[1]], [[1], [2]], new Array(2 ** 20).fill(1)]) {
      expect(isTaken(value)).toBe(true);
    }
    for (const value of [
      ...[[], [[]], [[1], []], [[1], 2], [1, [2]], [-0.001], [255.001], [NaN], [Infinity], ['1'], [null]],
      ...[new Array(2 ** 20 + 1).fill(1), [[[1]]], {}, 1, null],
    ]) {
      expect(isTaken(value)).toBe(false);
    }
    expect(pictures.safeParse([]).success).toBe(false);
    expect(pictures.safeParse('aGk=').success).toBe(false);
  });
});

test('/predict takes one of its keys, the scale with pixels only, and no image of another size among others', async () => {
  const { url } = await startService({ imageLimit: 2 });
  const ask = async (body: object): Promise<[number, string]> => {
    const answer = await postJson(`${url}/predict`, body);
    return [answer.status, errorOf(answer)];
  };
  const one = expect.stringMatching(
    /takes one of pixels, image and images, and scale with pixels only/,
  ) as string;
  for (const body of [
    { pixels: IMAGE, image: 'aGk=' },
    { image: 'aGk=', images: ['aGk='] },
    { image: 'aGk=', scale: 255 },
    { images: ['aGk='], scale: 1 },
    { scale: 1 },
    {},
  ]) {
    expect([body, ...(await ask(body))]).toEqual([body, 400, one]);
  }
  expect((await ask({ pixels: IMAGE, scale: 254 }))[0]).toBe(400);
  expect((await ask({ images: [] }))[0]).toBe(400);
  expect(await ask({ pixels: [IMAGE, [1, 2, 3]] })).toEqual([
    400,
    'takes images of 28 × 28 pixels, 784 numbers each; got 3 of them',
  ]);
  // Too many pictures are refused before any is decoded.
  expect(await ask({ images: new Array(3).fill('aGk=') })).toEqual([
    413,
    'takes at most 2 images per request, got 3',
  ]);
});

test('a scale of 255 changes nothing; that of the input goes before that of the request', async () => {
  const { url } = await startService();
  const plain = (await postJson(`${url}/predict`, { pixels: IMAGE })).body as Predicted;
  expect((await postJson(`${url}/predict`, { pixels: IMAGE, scale: 255 })).body).toEqual(plain);
  const shares = Object.values(plain.predictions[0]!.probabilities);
  const asked = async (input: object, parameters?: object): Promise<unknown> => {
    const answer = await postJson(url + INFER, { inputs: [{ ...tensor, ...input }], parameters });
    return answer.status === 200 ? (answer.body as Inferred).outputs[0]!.data : answer.status;
  };
  const bright = { datatype: 'FP32', data: IMAGE.map((value) => value / 255) };
  expect(await asked({ parameters: { scale: 255 } }, { scale: 1 })).toEqual(shares);
  expect(await asked({ ...bright, parameters: { scale: 1 } }, { scale: 255 })).toEqual(shares);
  expect(await asked({ parameters: { scale: 1 } }, { scale: 255 })).toBe(400);
  // Brightnesses need not be whole.
  const dim = IMAGE.map((value) => value / 256);
  expect(await asked({ datatype: 'FP64', data: dim, parameters: { scale: 1 } })).toEqual(
    await asked({ datatype: 'FP64', data: dim.map((value) => Math.fround(255 * value)) }),
  );
  // Black and white are 0 and 1, unless the request says otherwise.
  const mask = { datatype: 'BOOL', data: IMAGE.map((value) => value > 127) };
  const white = IMAGE.map((value) => (value > 127 ? 255 : 0));
  expect(await asked(mask)).toEqual(await asked({ data: white }));
  expect(await asked(mask, { scale: 255 })).toEqual(
    await asked({ data: white.map((value) => value / 255) }, { scale: 255 }),
  );
});

test('the protocol tells what it is, and the sizes of its outputs', async () => {
  const { url } = await startService();
  expect(await (await fetch(`${url}/v2`)).json()).toEqual({
    name: 'wgrad',
    version: '2',
    extensions: ['binary_tensor_data', 'model_repository'],
  });
  const images = [IMAGE, testImage(5), testImage(6)];
  const answer = await postJson(url + INFER, { inputs: [{ ...tensor, shape: [3, 784], data: images }] });
  const { outputs, ...others } = answer.body as Inferred;
  expect(others).toEqual({ model_name: 'test', model_version: '1' });
  expect(outputs.map(({ data, ...rest }) => [rest, data.length])).toEqual([
    [{ name: 'probabilities', datatype: 'FP32', shape: [3, 10] }, 30],
    [{ name: 'label', datatype: 'INT64', shape: [3] }, 3],
  ]);
});

test('all types of bodies are named', async () => {
  const { url } = await startService();
  const headers = { 'content-type': 'a/b' };
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body: 'x' });
  expect([response.status, await response.json()]).toEqual([
    415,
    {
      error:
        'takes application/json, image/png, image/jpeg, image/webp, image/avif, application/octet-stream, multipart/form-data; got a/b',
    },
  ]);
});

test('of equally probable classes the first one is told', async () => {
  const engine = new FakeEngine();
  const { url } = await startService({}, { openEngine: () => Promise.resolve(engine) });
  // This engine gives no class a share where the first pixel is none of them.
  const image = new Array<number>(784).fill(200);
  const { predictions } = (await postJson(`${url}/predict`, { pixels: image })).body as Predicted;
  expect(predictions.map((each) => [each.class, each.name])).toEqual([[0, 'T-shirt/top']]);
  const answer = (await postJson(url + INFER, { inputs: [{ ...tensor, data: image }] })).body as Inferred;
  expect(answer.outputs[1]!.data).toEqual([0]);
});

test('a form may have sixteen fields of text beside as many files as images are taken', async () => {
  const { url } = await startService({ imageLimit: 2 });
  const data = Uint8Array.from(IMAGE);
  const png = new Blob([new Uint8Array(encode({ width: 28, height: 28, data, channels: 1, depth: 8 }))]);
  const form = async (fields: number, files: number): Promise<number> => {
    const body = new FormData();
    for (let field = 0; field < fields; field++) body.append(`field${field}`, 'text');
    for (let file = 0; file < files; file++) body.append('image', png, 'a.png');
    return statusOf(`${url}/predict`, { method: 'POST', body });
  };
  expect([await form(16, 2), await form(17, 1), await form(16, 3), await form(16, 0)]).toEqual([
    200, 413, 413, 400,
  ]);
});

describe('a request of the protocol', () => {
  const bytes = Buffer.from(IMAGE);
  const send = async (
    url: string,
    request: object,
    after: Uint8Array = Buffer.alloc(0),
    change: (length: number) => string = String,
  ): Promise<{ status: number; type: string | null }> => {
    const json = Buffer.from(JSON.stringify(request));
    const headers = { 'inference-header-content-length': change(json.length) };
    const body = new Uint8Array(Buffer.concat([json, after]));
    const response = await fetch(url + INFER, { method: 'POST', headers, body });
    await response.arrayBuffer();
    return { status: response.status, type: response.headers.get('content-type') };
  };

  test('says how long its JSON is, and how many bytes follow', async () => {
    const { url } = await startService();
    const whole = { inputs: [tensor] };
    const header = { inputs: [{ ...tensor, data: undefined, parameters: { binary_data_size: 784 } }] };
    const status = async (...args: [object, Uint8Array?, ((length: number) => string)?]): Promise<number> =>
      (await send(url, ...args)).status;
    // All of it may be JSON.
    expect(await status(whole)).toBe(200);
    expect(await status(header, bytes)).toBe(200);
    expect(await status(header, bytes, (length) => String(length).padStart(10, '0'))).toBe(200);
    expect(await status(header, bytes, (length) => String(length).padStart(11, '0'))).toBe(400);
    expect(await status(header, bytes.subarray(1))).toBe(400);
    expect(await status(header, Buffer.concat([bytes, bytes]))).toBe(400);
    // Bytes that belong to nothing.
    expect(await status(whole, bytes)).toBe(400);
    expect(await status({ inputs: [{ ...tensor, parameters: { binary_data_size: 0 } }] })).toBe(400);
  });

  test('gets bytes if it wants them, and otherwise JSON', async () => {
    const { url } = await startService();
    for (const [wanted, type] of [
      [true, 'application/octet-stream'],
      [false, 'application/json; charset=utf-8'],
      [null, 'application/json; charset=utf-8'],
      ['true', 'application/json; charset=utf-8'],
    ] as const) {
      const request = { inputs: [tensor], parameters: { binary_data_output: wanted } };
      expect([wanted, await send(url, request)]).toEqual([wanted, { status: 200, type }]);
    }
  });

  test('may have its values in four lists, one in another, and not in five', async () => {
    const { url } = await startService();
    const row = (at: number): number[] => IMAGE.slice(28 * at, 28 * at + 28);
    const image = Array.from({ length: 28 }, (_, at) => row(at));
    const status = async (data: unknown): Promise<number> =>
      (await postJson(url + INFER, { inputs: [{ ...tensor, shape: [1, 1, 28, 28], data }] })).status;
    for (const data of [IMAGE, [IMAGE], image, [image], [[image]]]) expect(await status(data)).toBe(200);
    for (const data of [[[[image]]], [], {}, 'x', null]) expect(await status(data)).toBe(400);
    const shape = async (...sizes: number[]): Promise<number> =>
      (await postJson(url + INFER, { inputs: [{ ...tensor, shape: sizes, data: [] }] })).status;
    for (const sizes of [[0, 784], [784], [], [1, 1, 1, 28, 28]]) expect(await shape(...sizes)).toBe(400);
  });

  test('may come under other names of JSON, and with a byte order mark', async () => {
    const { url } = await startService();
    const body = JSON.stringify({ inputs: [tensor] });
    const status = (type: string, text = body): Promise<number> =>
      statusOf(url + INFER, { method: 'POST', headers: { 'content-type': type }, body: text });
    for (const type of [
      ...['application/json', 'APPLICATION/JSON', 'application/json; charset=utf-8', 'application/json ;a=b'],
      ...['application/vnd.api+json', 'application/octet-stream', 'application/x-www-form-urlencoded'],
    ]) {
      expect(await status(type), type).toBe(200);
    }
    for (const type of ['text/json', 'application/xml', 'application/jsonx', 'xapplication/json']) {
      expect(await status(type), type).toBe(415);
    }
    expect(await status('application/json', `\uFEFF${body}`)).toBe(200);
  });

  test('has parameters as an object, where it has some', async () => {
    const { url } = await startService();
    for (const parameters of [[], [1], 'x', 1, true]) {
      const answers = [
        await postJson(url + INFER, { inputs: [tensor], parameters }),
        await postJson(url + INFER, { inputs: [{ ...tensor, parameters }] }),
        await postJson(url + INFER, { inputs: [tensor], outputs: [{ name: 'label', parameters }] }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
    }
  });

  test('for images that are no squares', async () => {
    const root = await temporaryFolder();
    const classes = ['left', 'right', 'up'];
    const data = { height: 6, width: 4, classes, mean: 0.5, std: 0.25, preparation: 'resize' } as const;
    await addModel(root, 'test', 1, 'mlp', data);
    const { url } = await serveModels({ root }, ['test']);
    expect(await (await fetch(`${url}/v2/models/test`)).json()).toEqual({
      name: 'test',
      versions: ['1'],
      platform: 'wgrad',
      inputs: [{ name: 'pixels', datatype: 'FP32', shape: [-1, 6, 4] }],
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
        { name: 'label', datatype: 'INT64', shape: [-1] },
      ],
    });
    const status = async (...shape: number[]): Promise<number> =>
      (await postJson(url + INFER, { inputs: [{ ...tensor, shape, data: IMAGE.slice(0, 24) }] })).status;
    for (const shape of [
      [1, 6, 4],
      [1, 1, 6, 4],
      [1, 24],
    ])
      expect(await status(...shape)).toBe(200);
    for (const shape of [
      [1, 4, 6],
      [1, 1, 4, 6],
      [1, 36],
      [1, 16],
      [1, 6, 4, 1],
      [6, 4],
    ]) {
      expect(await status(...shape)).toBe(400);
    }
  });
});

/** The greatest and the least values of each datatype, and whether JSON may have halves. */
const DATATYPES: readonly (readonly [name: string, bytes: number[], value: number, halves: boolean])[] = [
  ['BOOL', [1], 1, false],
  ['UINT8', [255], 255, false],
  ['INT8', [128], -128, false],
  ['UINT16', [1, 255], 0xff01, false],
  ['INT16', [1, 255], -255, false],
  ['UINT32', [1, 0, 0, 255], 0xff000001, false],
  ['INT32', [1, 0, 0, 255], -0xffffff, false],
  ['UINT64', [1, 0, 0, 0, 1, 0, 0, 0], 2 ** 32 + 1, false],
  ['UINT64', [0, 0, 0, 0, 0, 0, 0, 128], 2 ** 63, false],
  ['INT64', [1, 0, 0, 0, 1, 0, 0, 0], 2 ** 32 + 1, false],
  ['INT64', [0, 0, 0, 0, 0, 0, 0, 128], -(2 ** 63), false],
  ['FP16', [0, 0x3e], 1.5, true],
  ['FP16', [0, 0xc1], -2.5, true],
  ['BF16', [0xc0, 0x3f], 1.5, true],
  ['BF16', [0x20, 0xc0], -2.5, true],
  ['FP32', [0, 0, 0xc0, 0x3f], 1.5, true],
  ['FP64', [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 1.5, true],
];

test.each(DATATYPES)('%s of the bytes %j is %d; halves: %s', (name, bytes, value, halves) => {
  const { read, accepts = () => true, ...datatype } = datatypeOf(name);
  expect([datatype.name, datatype.bytes]).toEqual([name, bytes.length]);
  // A view whose bytes begin later.
  const view = new DataView(Uint8Array.of(7, ...bytes, 7).buffer);
  expect(read(view, 1)).toBe(value);
  expect([accepts(1), accepts(0.5), accepts(2)]).toEqual([true, halves, name !== 'BOOL']);
});

describe('errors', () => {
  test('name three faults, and the part of the request', () => {
    const fault = (at: number) => ({ instancePath: at === 0 ? '' : `/${at}`, message: `wrong ${at}` });
    const validation = [0, 1, 2, 3].map(fault);
    expect(answerTo({ validation, validationContext: 'body' })).toEqual({
      status: 400,
      message: 'body /: wrong 0; /1: wrong 1; /2: wrong 2',
    });
    expect(answerTo({ validation: [{ instancePath: '/a' }] })).toEqual({
      status: 400,
      message: 'request /a: is invalid',
    });
    expect(answerTo({ statusCode: 499 })).toEqual({ status: 499, message: 'bad request' });
    expect(answerTo(new PictureError('format', 'x')).status).toBe(415);
  });

  test('quote up to 500 characters', () => {
    const error = (length: number): string =>
      (JSON.parse(errorBody('x'.repeat(length))) as { error: string }).error;
    expect(error(500)).toBe('x'.repeat(500));
    expect(error(501)).toBe(`${'x'.repeat(500)}…`);
  });

  test('that are thrown in a thread keep their text, whatever they are', () => {
    expect(plainError('text')).toMatchObject({ kind: 'other', name: 'Error', message: 'text' });
    expect(plainError(undefined)).toMatchObject({ kind: 'other', message: 'undefined' });
  });

  test('name the address up to 200 characters, and the methods of every path', async () => {
    const { url } = await startService();
    const long = `/${'x'.repeat(300)}`;
    expect(await (await fetch(url + long)).json()).toEqual({
      error: `there is no GET ${long.slice(0, 200)}; see /docs`,
    });
    const allowed = async (path: string, method: string): Promise<unknown[]> => {
      const { status, headers } = await fetch(url + path, { method });
      return [status, headers.get('allow')];
    };
    expect(await allowed('/v2/models/test/versions/1/infer', 'GET')).toEqual([405, 'POST']);
    expect(await allowed('/v2/models/test/versions/1', 'POST')).toEqual([405, 'GET, HEAD']);
    expect(await allowed('/v2/repository/index', 'GET')).toEqual([405, 'POST']);
  });

  test('say what is taken where there is no content type', async () => {
    const { url } = await startService();
    const response = await fetch(`${url}/predict`, { method: 'POST', body: new Uint8Array(3) });
    expect([response.status, await response.json()]).toEqual([
      415,
      { error: expect.not.stringContaining('undefined') as string },
    ]);
  });
});

describe('over the wire', () => {
  test('HTTP/1.0 needs no Host header', async () => {
    const { port } = await startService();
    expect(await exchange(port, 'GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('headers may have almost 16 KiB', async () => {
    const { port } = await startService();
    const status = async (length: number): Promise<string> => {
      const answer = await exchange(
        port,
        wire('GET', '/health/live', '', [`X-Long: ${'x'.repeat(length)}`, CLOSE]),
      );
      return answer.slice(9, 12);
    };
    expect([await status(16_000), await status(16_500)]).toEqual(['200', '431']);
  });
});

test('browsers may load from the service only, and nobody may frame it', async () => {
  const { url } = await startService();
  const policy = async (path: string): Promise<string | null> =>
    (await fetch(url + path)).headers.get('content-security-policy');
  const common = "connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'";
  expect(await policy('/')).toBe(
    `default-src 'none';script-src 'self' 'wasm-unsafe-eval';worker-src 'self' blob:;style-src 'self';img-src 'self' data: blob:;${common}`,
  );
  expect(await policy('/docs/')).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; ${common.replaceAll(';', '; ')}`,
  );
  const { headers } = await fetch(`${url}/`);
  // A proxy decides about TLS.
  expect(headers.get('strict-transport-security')).toBeNull();
});

test('the metrics are of all models: those that are ready, all that wait', async () => {
  const host = (waiting: number, name?: string): ModelHost =>
    ({
      waiting,
      unreadyReason: name === undefined ? 'the model is being loaded' : undefined,
      model: name === undefined ? undefined : { name, version: 1, weightsSha256: '0123456789abcdef' },
    }) as unknown as ModelHost;
  const lines = async (...hosts: ModelHost[]): Promise<string[]> =>
    (await new Metrics(() => hosts).registry.metrics())
      .split('\n')
      .filter((line) => /^wgrad_(ready|queue_images|model_info)/.test(line));
  const info = (name: string): string =>
    `wgrad_model_info{name="${name}",version="1",weights="0123456789ab"} 1`;
  expect(await lines(host(1), host(2, 'b'), host(4, 'c'))).toEqual([
    info('b'),
    info('c'),
    'wgrad_ready 0',
    'wgrad_queue_images 7',
  ]);
  expect(await lines(host(0, 'a'), host(0, 'b'))).toEqual([
    ...[info('a'), info('b'), 'wgrad_ready 1', 'wgrad_queue_images 0'],
  ]);
  const metrics = new Metrics(() => []);
  metrics.observeRequest('GET', '/', 200, 1);
  const text = await metrics.registry.metrics();
  const buckets = (name: string): string[] =>
    [...text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"`, 'gm'))].map(([, bound]) => bound!);
  expect(buckets('wgrad_http_request_duration_seconds').map(Number)).toEqual([
    ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, NaN],
  ]);
  expect(buckets('wgrad_batch_images').map(Number)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, NaN]);
});
