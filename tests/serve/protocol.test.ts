import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { halfBits } from '../../src/backend/half.ts';
import { postJson, type Predicted, type RunningService, startService, testImage } from './fixture.ts';

interface Recorded {
  client: string;
  name: string;
  method: string;
  path: string;
  headers: [string, string][];
  body: string;
}

const { requests } = JSON.parse(readFileSync('tests/fixtures/inference.json', 'utf8')) as {
  requests: Recorded[];
};
const INFER = '/v2/models/test/infer';
const IMAGE = testImage(2);

interface Answered {
  model_name: string;
  id?: string;
  outputs: {
    name: string;
    datatype: string;
    shape: number[];
    data?: number[];
    parameters?: { binary_data_size: number };
  }[];
}

/** The answer to a request, and the label in it, from JSON or from bytes. */
async function ask(
  url: string,
  init: RequestInit,
): Promise<{ status: number; answer: Answered; label?: number }> {
  const response = await fetch(url, { method: 'POST', ...init });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = response.headers.get('inference-header-content-length');
  const end = length === null ? bytes.length : Number(length);
  const answer = JSON.parse(bytes.toString('utf8', 0, end)) as Answered;
  if (response.status !== 200) return { status: response.status, answer };
  let at = end;
  for (const { name, data, parameters } of answer.outputs) {
    if (name === 'label') {
      const label = parameters ? Number(bytes.readBigInt64LE(at)) : data![0]!;
      return { status: 200, answer, label };
    }
    at += parameters?.binary_data_size ?? 0;
  }
  return { status: 200, answer };
}

/** What `/predict` says about images of brightnesses. */
async function labels(url: string, ...images: number[][]): Promise<number[]> {
  const { predictions } = (await postJson(`${url}/predict`, { pixels: images })).body as Predicted;
  return predictions.map((prediction) => prediction.class);
}

describe('what clients send is answered', () => {
  const infers = requests.filter(({ path }) => path.endsWith('/infer'));
  const image = Array.from({ length: 784 }, (_, at) => (28 * at + 31) % 256);
  const masked = image.map((value) => (value > 127 ? 255 : 0));

  test('by label, id and form', async () => {
    const { url } = await startService();
    const [label, maskedLabel] = await labels(url, image, masked);
    expect(infers.length).toBeGreaterThan(15);
    for (const { client, name, path, headers, body } of infers) {
      const init = {
        headers: headers.filter(([key]) => key.toLowerCase() !== 'content-length'),
        // Without a type, fetch sends none either.
        body: new Uint8Array(Buffer.from(body, 'base64')),
      };
      const answered = await ask(url + path.replace('mlp', 'test'), init);
      const title = `${client}: ${name}`;
      expect(answered, title).toMatchObject({
        status: 200,
        label: name.startsWith('BOOL') ? maskedLabel : label,
      });
      const sent = Buffer.from(body, 'base64').toString('latin1');
      if (sent.includes('"id":"a1"')) expect(answered.answer.id, title).toBe('a1');
    }
  });

  test('and the index of the repository, too', async () => {
    const { url } = await startService();
    const index = requests.find(({ path }) => path === '/v2/repository/index')!;
    expect([index.headers, index.body]).toEqual([[['Content-Length', '0']], '']);
    const expected = [{ name: 'test', version: '1', state: 'READY', reason: '' }];
    for (const body of [undefined, '', '{}', '{"ready": true}', '{"ready": null}']) {
      for (const headers of [
        {},
        { 'content-type': 'application/json' },
        { 'content-type': 'text/plain;charset=UTF-8' },
      ]) {
        // Without a type, fetch sends none for bytes.
        const bytes = body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) };
        const response = await fetch(`${url}/v2/repository/index`, { method: 'POST', headers, ...bytes });
        expect([response.status, await response.json()], body).toEqual([200, expected]);
      }
    }
  });
});

describe('datatypes', () => {
  const wide = (size: number, write: (bytes: Buffer, value: number, at: number) => void): Buffer => {
    const bytes = Buffer.alloc(784 * size);
    IMAGE.forEach((value, at) => write(bytes, value, at * size));
    return bytes;
  };
  const bfloat = (value: number): number => new Uint32Array(new Float32Array([value]).buffer)[0]! >>> 16;
  const binary: [string, Buffer][] = [
    ['UINT8', Buffer.from(IMAGE)],
    ['UINT16', wide(2, (bytes, value, at) => bytes.writeUInt16LE(value, at))],
    ['UINT32', wide(4, (bytes, value, at) => bytes.writeUInt32LE(value, at))],
    ['UINT64', wide(8, (bytes, value, at) => bytes.writeBigUInt64LE(BigInt(value), at))],
    ['INT16', wide(2, (bytes, value, at) => bytes.writeInt16LE(value, at))],
    ['INT32', wide(4, (bytes, value, at) => bytes.writeInt32LE(value, at))],
    ['INT64', wide(8, (bytes, value, at) => bytes.writeBigInt64LE(BigInt(value), at))],
    ['FP16', wide(2, (bytes, value, at) => bytes.writeUInt16LE(halfBits(value), at))],
    ['BF16', wide(2, (bytes, value, at) => bytes.writeUInt16LE(bfloat(value), at))],
    ['FP32', wide(4, (bytes, value, at) => bytes.writeFloatLE(value, at))],
    ['FP64', wide(8, (bytes, value, at) => bytes.writeDoubleLE(value, at))],
  ];

  const input = (datatype: string, rest: object): object => ({
    inputs: [{ name: 'pixels', datatype, shape: [1, 28, 28], ...rest }],
  });
  const withBytes = (header: object, bytes: Buffer): RequestInit => {
    const json = Buffer.from(JSON.stringify(header));
    const headers = { 'inference-header-content-length': String(json.length) };
    return { headers, body: new Uint8Array(Buffer.concat([json, bytes])) };
  };
  const probabilities = async (service: RunningService, init: RequestInit): Promise<unknown> => {
    const { status, answer } = await ask(service.url + INFER, init);
    return status === 200 ? answer.outputs[0]!.data : answer;
  };

  test('of every kind give the same bits, in JSON and in binary', async () => {
    const service = await startService();
    const body = await postJson(`${service.url}/predict`, { pixels: IMAGE });
    const expected = Object.values((body.body as Predicted).predictions[0]!.probabilities);
    for (const [datatype, bytes] of binary) {
      const inBinary = withBytes(input(datatype, { parameters: { binary_data_size: bytes.length } }), bytes);
      expect(await probabilities(service, inBinary), `${datatype} in binary`).toEqual(expected);
      const json = {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input(datatype, { data: IMAGE })),
      };
      expect(await probabilities(service, json), `${datatype} in JSON`).toEqual(expected);
    }
  });

  test('with signs hold brightnesses up to 127, and BOOL holds black and white', async () => {
    const service = await startService();
    const dim = IMAGE.map((value) => value >> 1);
    const expected = await probabilities(service, withBytes(input('UINT8', { data: dim }), Buffer.alloc(0)));
    expect(expected).toHaveLength(10);
    const signed = input('INT8', { parameters: { binary_data_size: 784 } });
    expect(await probabilities(service, withBytes(signed, Buffer.from(dim)))).toEqual(expected);
    const mask = IMAGE.map((value) => value > 127);
    const white = input('UINT8', { data: mask.map((value) => 255 * Number(value)) });
    const expectedMask = await probabilities(service, withBytes(white, Buffer.alloc(0)));
    for (const data of [mask, mask.map(Number)]) {
      expect(await probabilities(service, withBytes(input('BOOL', { data }), Buffer.alloc(0)))).toEqual(
        expectedMask,
      );
    }
    const bits = input('BOOL', { parameters: { binary_data_size: 784 } });
    expect(await probabilities(service, withBytes(bits, Buffer.from(mask.map(Number))))).toEqual(
      expectedMask,
    );
    expect(await probabilities(service, withBytes(bits, Buffer.from(IMAGE)))).toEqual({
      error: expect.stringMatching(/a BOOL tensor takes 0 and 1, got \d+/) as string,
    });
  });

  test.each([
    ['BYTES', ['a'], /got BYTES, which holds texts: send brightnesses, or a picture to \/predict/],
    ['FP8', IMAGE, /datatype takes BOOL, UINT8, .*, got 'FP8'/],
    ['INT32', IMAGE.with(3, 1.5), /data takes values of INT32, .*got 1.5/],
    ['UINT8', IMAGE.map(String), /data takes values of UINT8, .*got '/],
    ['FP32', IMAGE.map((value) => value > 9), /data takes values of FP32, .*got true/],
    ['BOOL', IMAGE, /data takes values of BOOL/],
    ['INT64', IMAGE.with(5, 256), /brightnesses from 0 to 255, got 256/],
    ['INT64', IMAGE.with(5, 2 ** 60), /brightnesses from 0 to 255, got 1152921504606847000/],
  ])('%s of other values is refused', async (datatype, data, message) => {
    const { url } = await startService();
    const { status, body } = await postJson(url + INFER, input(datatype, { data }));
    expect(status).toBe(400);
    expect((body as { error: string }).error).toMatch(message);
  });
});

describe('a request', () => {
  const tensor = { name: 'pixels', datatype: 'UINT8', shape: [1, 784], data: IMAGE };
  const post = (url: string, request: object) => postJson(url + INFER, request);

  test('gets its id back, an empty one too, and none where it has none', async () => {
    const { url } = await startService();
    const inputs = [{ name: 'pixels', datatype: 'UINT8', shape: [1, 784], data: testImage(0) }];
    for (const id of ['', '0', 'a b', undefined]) {
      const { body } = await postJson(`${url}/v2/models/test/infer`, { id, inputs });
      expect((body as { id?: string }).id).toBe(id);
    }
  });

  test('may have null for everything that it may leave out', async () => {
    const { url } = await startService();
    const plain = await post(url, { inputs: [tensor] });
    const request = {
      id: null,
      parameters: null,
      inputs: [{ ...tensor, parameters: null }],
      outputs: null,
    };
    expect(await post(url, request)).toMatchObject({ status: 200, body: plain.body });
    const nulls = { binary_data_size: null, scale: null, classification: null, other: null };
    const inputs = [{ ...tensor, parameters: nulls }];
    const outputs = [
      { name: 'probabilities', parameters: null },
      { name: 'label', parameters: { binary_data: null } },
    ];
    expect(await post(url, { parameters: nulls, inputs, outputs })).toMatchObject({
      status: 200,
      body: plain.body,
    });
  });

  test('may have as many parameters, outputs and letters in its id as the limits say, and no more', async () => {
    const { url } = await startService({ imageLimit: 2 });
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, at]));
    const status = async (request: object): Promise<number> =>
      (await post(url, { inputs: [tensor], ...request })).status;
    const label = { name: 'label' };
    expect(
      await status({ parameters: many(64), outputs: new Array(16).fill(label), id: 'x'.repeat(256) }),
    ).toBe(200);
    expect(await status({ parameters: many(65) })).toBe(400);
    expect(await status({ outputs: new Array(17).fill(label) })).toBe(400);
    expect(await status({ id: 'x'.repeat(257) })).toBe(400);
    const images = (count: number) => [
      { ...tensor, shape: [count, 784], data: Array.from({ length: count }, () => IMAGE) },
    ];
    expect(await status({ inputs: images(2) })).toBe(200);
    expect(await status({ inputs: images(3) })).toBe(413);
  });

  test('gets the outputs that it names, in its order; each as bytes or as JSON', async () => {
    const { url } = await startService();
    const [label] = await labels(url, IMAGE);
    const outputs = [{ name: 'label', parameters: { binary_data: true } }, { name: 'probabilities' }];
    const init = (extra: object): RequestInit => ({
      body: new Uint8Array(Buffer.from(JSON.stringify({ inputs: [tensor], ...extra }))),
    });
    const mixed = await ask(url + INFER, init({ outputs }));
    expect(mixed.label).toBe(label);
    expect(mixed.answer.outputs.map(({ name, data }) => [name, data?.length])).toEqual([
      ['label', undefined],
      ['probabilities', 10],
    ]);
    const none = {
      parameters: { binary_data_output: true },
      outputs: outputs.map(({ name }) => ({ name, parameters: { binary_data: false } })),
    };
    const json = await ask(url + INFER, init(none));
    expect(json.answer.outputs.map(({ data }) => data?.length)).toEqual([1, 10]);
    const empty = await ask(url + INFER, init({ outputs: [] }));
    expect(empty.answer.outputs.map(({ name }) => name)).toEqual(['probabilities', 'label']);
  });

  test.each([
    [
      { inputs: [{ ...tensor, parameters: { binary_data_size: '784' } }] },
      "binary_data_size takes the 0 bytes after the JSON, got '784'",
    ],
    [
      { inputs: [{ ...tensor, parameters: { shared_memory_region: 'a' } }] },
      'shared_memory_region is an extension',
    ],
    [
      { inputs: [tensor], outputs: [{ name: 'label', parameters: { classification: 3 } }] },
      'classification is an extension',
    ],
    [{ inputs: [tensor], parameters: { scale: 2 } }, 'scale takes 1 or 255, got 2'],
    [
      { inputs: [{ ...tensor, shape: [1, 28, 29] }] },
      'shape takes [n, 28, 28] or [n, 1, 28, 28] or [n, 784] with n ≥ 1, got [1, 28, 29]',
    ],
  ])('that asks for what there is not is refused: %#', async (request, message) => {
    const { url } = await startService();
    const { status, body } = await post(url, request);
    expect([status, (body as { error: string }).error]).toEqual([400, expect.stringContaining(message)]);
  });

  test('of another type, of no JSON, or of no body gets what the server takes', async () => {
    const { url } = await startService();
    const error = async (init: RequestInit): Promise<unknown[]> => {
      const response = await fetch(url + INFER, { method: 'POST', ...init });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await error({ headers: { 'content-type': 'image/png' }, body: 'x' })).toEqual([
      415,
      'takes application/json or application/octet-stream, got image/png',
    ]);
    for (const type of ['application/octet-stream', 'application/json']) {
      expect(await error({ headers: { 'content-type': type }, body: 'no json' })).toEqual([
        400,
        expect.stringContaining(
          'takes JSON, and binary tensors after it if Inference-Header-Content-Length gives its length',
        ),
      ]);
      expect(await error({ headers: { 'content-type': type } })).toEqual([
        400,
        'takes an inference request, got no body',
      ]);
    }
    expect(await error({ body: new Uint8Array([0x7b, 0xff, 0x7d]) })).toEqual([
      400,
      expect.stringContaining('bytes that are not UTF-8'),
    ]);
  });
});

describe('values from 0 to 1', () => {
  const shares = IMAGE.map((value) => value / 255);
  const MESSAGE =
    /takes brightnesses from 0 to 255, got an image whose values all lie between 0 and 1: say "scale": 1/;

  test('are refused unless the request says what they mean', async () => {
    const { url } = await startService();
    const mask = IMAGE.map((value) => Number(value > 127));
    for (const values of [shares, mask, new Array<number>(784).fill(0).with(400, 1)]) {
      const tensor = { name: 'pixels', datatype: 'FP32', shape: [1, 784], data: values };
      const answers = [
        await postJson(`${url}/predict`, { pixels: values }),
        // One such image among others is a mistake, too.
        await postJson(`${url}/predict`, { pixels: [IMAGE, values] }),
        await postJson(url + INFER, { inputs: [tensor] }),
      ];
      for (const { status, body } of answers) {
        expect([status, (body as { error: string }).error]).toEqual([400, expect.stringMatching(MESSAGE)]);
      }
      expect((await postJson(`${url}/predict`, { pixels: values, scale: 255 })).status).toBe(200);
      expect((await postJson(url + INFER, { inputs: [tensor], parameters: { scale: 255 } })).status).toBe(
        200,
      );
    }
  });

  test('an image that is black, and one with a value above 1, are as they are', async () => {
    const { url } = await startService();
    const black = new Array<number>(784).fill(0);
    for (const values of [black, black.with(3, 1.001), shares.with(3, 2)]) {
      expect((await postJson(`${url}/predict`, { pixels: values })).status).toBe(200);
    }
  });

  test('with scale 1 give the bits of brightnesses', async () => {
    const { url } = await startService();
    const every = Array.from({ length: 784 }, (_, at) => at % 256);
    const expected = (await postJson(`${url}/predict`, { pixels: every })).body as Predicted;
    const plain = every.map((value) => value / 255);
    for (const values of [plain, plain.map(Math.fround)]) {
      const { body } = await postJson(`${url}/predict`, { pixels: values, scale: 1 });
      expect(body).toEqual(expected);
      for (const place of ['input', 'request']) {
        const scale = { parameters: { scale: 1 } };
        const tensor = { name: 'pixels', datatype: 'FP32', shape: [1, 784], data: values };
        const request =
          place === 'input' ? { inputs: [{ ...tensor, ...scale }] } : { inputs: [tensor], ...scale };
        const { body } = await postJson(url + INFER, request);
        expect((body as Answered).outputs[0]!.data).toEqual(
          Object.values(expected.predictions[0]!.probabilities),
        );
      }
    }
    expect((await postJson(`${url}/predict`, { pixels: IMAGE, scale: 1 })).body).toEqual({
      error: expect.stringMatching(/takes brightnesses from 0 to 1, got \d/) as string,
    });
  });
});

describe('packed bodies', () => {
  const json = JSON.stringify({ pixels: IMAGE });
  const post = async (url: string, encoding: string, bytes: Uint8Array, type = 'application/json') => {
    const headers = { 'content-type': type, 'content-encoding': encoding };
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(bytes) });
    return [response.status, (await response.json()) as { error?: string; predictions?: unknown }] as const;
  };

  test('are unpacked on every route', async () => {
    const { url } = await startService();
    const expected = (await postJson(`${url}/predict`, { pixels: IMAGE })).body as Predicted;
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(json)],
      ['GZip', gzipSync(json)],
      ['x-gzip', gzipSync(json)],
      ['deflate', deflateSync(json)],
      ['identity', Buffer.from(json)],
    ] as const) {
      expect(await post(`${url}/predict`, encoding, bytes)).toEqual([200, expected]);
    }
  });

  test('that are damaged, cut off or of another packing are refused by name', async () => {
    const { url } = await startService();
    const whole = gzipSync(json);
    const refused: [string, Uint8Array, number, RegExp][] = [
      [
        'gzip',
        Buffer.from(json),
        400,
        /the body is not gzip, as its Content-Encoding says: incorrect header check/,
      ],
      ['gzip', whole.subarray(0, 100), 400, /the body is not gzip, .*unexpected end of file/],
      ['deflate', whole, 400, /the body is not deflate/],
      ['gzip', Buffer.alloc(0), 400, /no body|unexpected end/],
      ['br', whole, 415, /Content-Encoding takes gzip, deflate or identity, got br/],
      ['gzip, gzip', gzipSync(whole), 415, /takes gzip, deflate or identity, got gzip, gzip/],
    ];
    for (const [encoding, bytes, status, message] of refused) {
      const [got, { error }] = await post(`${url}/predict`, encoding, bytes);
      expect([got, error], encoding).toEqual([status, expect.stringMatching(message)]);
    }
    const [status, { error }] = await post(
      `${url}/predict`,
      'gzip',
      whole,
      'multipart/form-data; boundary=b',
    );
    expect([status, error]).toEqual([415, 'a form takes no Content-Encoding, got gzip']);
    expect((await fetch(`${url}/health/live`, { headers: { 'content-encoding': 'gzip' } })).status).toBe(200);
  });

  test('of the size of the limit are taken, and not one byte more', async () => {
    const { url } = await startService({ bodyLimit: 2 ** 14 });
    const padded = (length: number): Uint8Array => gzipSync(json.padEnd(length, ' '));
    expect((await post(`${url}/predict`, 'gzip', padded(2 ** 14)))[0]).toBe(200);
    expect((await post(`${url}/predict`, 'gzip', padded(2 ** 14 + 1)))[0]).toBe(413);
  });
});
