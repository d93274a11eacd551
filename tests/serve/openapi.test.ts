import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { startService, testImage } from './fixture.ts';
import { forgePng } from './forgePng.ts';

type Content = Record<string, { schema: object }>;

interface Operation {
  readonly responses: Record<string, { content?: Content }>;
  readonly requestBody?: { required: boolean; content: Content };
}

interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });

async function readDocument(url: string): Promise<OpenApiDocument> {
  return (await (await fetch(`${url}/docs/json`)).json()) as OpenApiDocument;
}

/** What is wrong with a value by a schema of the document; empty where nothing is. */
function faults(schema: object | undefined, value: unknown): string[] {
  if (!schema) return ['the document has no such schema'];
  const validate = ajv.compile(schema);
  return validate(value)
    ? []
    : validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Checks that an answer is one that the document promises: its status, its type, its contents. */
async function expectPromised(response: Response, { responses }: Operation, label: string): Promise<void> {
  const promised = responses[String(response.status)];
  expect(promised, `${label}: ${response.status} is not in the document`).toBeDefined();
  const type = response.headers.get('content-type')!.split(';', 1)[0]!;
  const body = type === 'application/json' ? await response.json() : await response.text();
  expect(faults(promised!.content?.[type]?.schema, body), `${label}: ${response.status} ${type}`).toEqual([]);
}

const PIXELS = testImage(0);
const DATA = { name: 'pixels', datatype: 'FP32', shape: [1, 784], data: PIXELS };
const JSON_TYPE = { 'content-type': 'application/json' };

function json(body: unknown): RequestInit {
  return { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) };
}

function binaryTensor(): RequestInit {
  const { name, shape } = DATA;
  const input = { name, shape, datatype: 'UINT8', parameters: { binary_data_size: 784 } };
  const header = JSON.stringify({ parameters: { binary_data_output: true }, inputs: [input] });
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: Buffer.concat([Buffer.from(header), Buffer.from(PIXELS)]),
  };
}

/** Requests for an operation, and the statuses that they get. */
const INFER: [RequestInit, number][] = [
  [json({ id: 'x', inputs: [DATA], outputs: [{ name: 'label' }] }), 200],
  [binaryTensor(), 200],
  [json({}), 400],
  [json({ inputs: [{ ...DATA, shape: [2 ** 40, 784] }] }), 413],
  [json({ inputs: [{ ...DATA, shape: [9, 784], data: Array.from({ length: 9 }, () => PIXELS) }] }), 413],
  [{ method: 'POST', headers: { 'content-type': 'text/html' }, body: '<p>' }, 415],
];
const REQUESTS: Record<string, [RequestInit, number][]> = {
  'get /health/live': [[{}, 200]],
  'get /health/ready': [[{}, 200]],
  'get /metrics': [[{}, 200]],
  'get /v2': [[{}, 200]],
  'get /v2/health/live': [[{}, 200]],
  'get /v2/health/ready': [[{}, 200]],
  'get /v2/models/{model}': [[{}, 200]],
  'get /v2/models/{model}/ready': [[{}, 200]],
  'get /v2/models/{model}/versions/{version}': [[{}, 200]],
  'get /v2/models/{model}/versions/{version}/ready': [[{}, 200]],
  'post /v2/repository/index': [
    [{ method: 'POST' }, 200],
    [json({}), 200],
    [json({ ready: 'yes' }), 400],
    [{ method: 'POST', headers: { 'content-type': 'text/html' }, body: '<p>' }, 415],
  ],
  'post /v2/models/{model}/infer': INFER,
  'post /v2/models/{model}/versions/{version}/infer': INFER,
  'post /predict': [
    [json({ pixels: PIXELS }), 200],
    [json({ pixels: [PIXELS, PIXELS] }), 200],
    [json({}), 400],
    [json({ pixels: Array.from({ length: 9 }, () => PIXELS) }), 413],
    [{ method: 'POST', headers: { 'content-type': 'text/html' }, body: '<p>' }, 415],
    [{ method: 'POST', headers: { 'content-type': 'image/png' }, body: 'no picture' }, 415],
    [
      {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: new Uint8Array(forgePng(9, 9, Buffer.alloc(2))),
      },
      422,
    ],
  ],
};

function addressOf(url: string, path: string, model = 'test'): string {
  return url + path.replace('{model}', model).replace('{version}', '1');
}

describe('every route of the OpenAPI document', () => {
  test('answers as the document says', async () => {
    const { url } = await startService({ imageLimit: 8 });
    const { openapi, paths } = await readDocument(url);
    expect(openapi).toBe('3.1.0');
    const operations = new Map<string, Operation>();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods))
        operations.set(`${method} ${path}`, operation);
    }
    expect([...operations.keys()].sort()).toEqual(Object.keys(REQUESTS).sort());
    for (const [name, operation] of operations) {
      const path = name.split(' ')[1]!;
      for (const [init, status] of REQUESTS[name]!) {
        const response = await fetch(addressOf(url, path), init);
        expect(response.status, name).toBe(status);
        await expectPromised(response, operation, name);
        if (!path.includes('{model}')) continue;
        const elsewhere = await fetch(addressOf(url, path, 'other'), init);
        // A body is checked before the model is looked for.
        expect([404, status === 200 ? 404 : status], name).toContain(elsewhere.status);
        await expectPromised(elsewhere, operation, name);
      }
    }
  });

  test('asks for a key where there is one, and says when it cannot answer', async () => {
    const apiKey = 'secret';
    const { url, host } = await startService({ apiKey });
    const { paths } = await readDocument(url);
    const each = async (headers: Record<string, string>, status: number): Promise<number> => {
      let asked = 0;
      for (const [path, methods] of Object.entries(paths)) {
        for (const [method, operation] of Object.entries(methods)) {
          if (!(String(status) in operation.responses)) continue;
          const init = REQUESTS[`${method} ${path}`]![0]![0];
          const response = await fetch(addressOf(url, path), {
            ...init,
            headers: { ...(init.headers as Record<string, string>), ...headers },
          });
          expect(response.status, `${method} ${path}`).toBe(status);
          await expectPromised(response, operation, `${method} ${path}`);
          asked++;
        }
      }
      return asked;
    };
    expect(await each({}, 401)).toBe(10);
    await host.close();
    expect(await each({ 'x-api-key': apiKey }, 503)).toBe(9);
  });

  test('asks for a body wherever a request without one is refused, and nowhere else', async () => {
    const { url } = await startService();
    const { paths } = await readDocument(url);
    const needed: Record<string, boolean> = {};
    for (const [path, { post }] of Object.entries(paths)) {
      if (!post) continue;
      needed[path] = post.requestBody!.required;
      const { status } = await fetch(addressOf(url, path), { method: 'POST' });
      expect(status, path).toBe(needed[path] ? 400 : 200);
    }
    expect(Object.keys(needed).filter((path) => !needed[path])).toEqual(['/v2/repository/index']);
  });

  test('takes the bodies that the document describes, and no others', async () => {
    const { url } = await startService();
    const { paths } = await readDocument(url);
    const bodies: [string, unknown, boolean][] = [
      ['/predict', { pixels: PIXELS }, true],
      ['/predict', { pixels: [PIXELS] }, true],
      ['/predict', {}, false],
      ['/predict', [], false],
      ['/predict', { pixels: [] }, false],
      ['/predict', { pixels: PIXELS.with(7, 256) }, false],
      ['/predict', { pixels: [PIXELS, PIXELS.with(7, -1)] }, false],
      ['/predict', { pixels: PIXELS, image: 'aGVsbG8=' }, false],
      ['/predict', { pixels: PIXELS, image: 'aGVsbG8=', scale: 255 }, false],
      ['/predict', { pixels: PIXELS, images: ['aGVsbG8='], scale: 255 }, false],
      ['/predict', { pixels: PIXELS, more: 1 }, false],
      ['/predict', { pixels: PIXELS, scale: 255 }, true],
      ['/predict', { pixels: PIXELS, scale: 2 }, false],
      ['/predict', { image: 'aGVsbG8=', scale: 255 }, false],
      ['/predict', { scale: 1 }, false],
      ['/predict', { image: '<p>' }, false],
      ['/predict', { images: [] }, false],
      ['/v2/models/{model}/infer', { inputs: [DATA] }, true],
      ['/v2/models/{model}/infer', { inputs: [DATA], parameters: { any: 1 }, unknown: {} }, true],
      ['/v2/models/{model}/infer', { inputs: [] }, false],
      ['/v2/models/{model}/infer', { inputs: [DATA, DATA] }, false],
      ['/v2/models/{model}/infer', { inputs: [{ ...DATA, shape: [-1] }] }, false],
      ['/v2/models/{model}/infer', { inputs: [DATA], outputs: [{}] }, false],
      ['/v2/models/{model}/infer', { inputs: [DATA], parameters: { any: {}, none: null } }, true],
      ['/v2/models/{model}/infer', { id: null, parameters: null, inputs: [DATA], outputs: null }, true],
      ['/v2/models/{model}/infer', { inputs: [{ ...DATA, parameters: null }] }, true],
      ['/v2/models/{model}/infer', { inputs: [DATA], parameters: [] }, false],
      ['/v2/models/{model}/infer', { inputs: [DATA], id: 5 }, false],
    ];
    for (const [path, body, isTaken] of bodies) {
      const label = JSON.stringify(body).slice(0, 80);
      const { schema } = paths[path]!['post']!.requestBody!.content['application/json']!;
      expect(faults(schema, body).length === 0, `document: ${label}`).toBe(isTaken);
      expect((await fetch(addressOf(url, path), json(body))).status, label).toBe(isTaken ? 200 : 400);
    }
  });

  test('is on a page of its own, and files of the pages are no part of it', async () => {
    const { url } = await startService();
    expect((await fetch(`${url}/docs/`)).status).toBe(200);
    const { paths } = await readDocument(url);
    expect(Object.keys(paths).filter((path) => /^\/(docs|page)/.test(path))).toEqual([]);
  });
});
