import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MOST_PIPELINED } from '../../src/serve/http/connections.ts';
import * as schemas from '../../src/serve/http/schemas.ts';
import type { ServiceOptions } from '../../src/serve/options.ts';
import { postJson, type Predicted, type RunningService, startService, testImage } from './fixture.ts';
import { forgePng } from './forgePng.ts';
import { CLOSE, exchange, openSocket, received, wire } from './rawSocket.ts';

/** Lets somebody loose on a service, which must answer afterwards what it answered before. */
async function survives(
  attack: (service: RunningService) => Promise<void>,
  changes: Partial<ServiceOptions> = {},
): Promise<void> {
  const service = await startService(changes);
  const ask = async (): Promise<unknown> => {
    const { status, body } = await postJson(`${service.url}/predict`, { pixels: testImage(1) });
    return { status, body: body as Predicted };
  };
  const before = await ask();
  expect(before).toMatchObject({ status: 200 });
  await attack(service);
  expect(await ask()).toEqual(before);
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  expect(service.host.waiting).toBe(0);
}

const IMAGE = JSON.stringify({ pixels: testImage(1) });
const INFER = '/v2/models/test/infer';

function inferRequest(shape: number[], rest: object = { data: testImage(1) }): object {
  return { inputs: [{ name: 'pixels', datatype: 'FP32', shape, ...rest }] };
}

describe('requests that lie', () => {
  test.each([
    [
      'a body shorter than its length',
      `${wire('POST', '/predict', '', ['Content-Type: application/json', 'Content-Length: 100'])}{`,
      /^HTTP\/1.1 408/,
    ],
    ['a body longer than its length', `${wire('POST', '/predict', IMAGE)}and more`, /^HTTP\/1.1 400/],
    ['a length below zero', wire('POST', '/predict', '', ['Content-Length: -1']), /^HTTP\/1.1 400/],
    [
      'a length of exabytes',
      wire('POST', '/predict', '', ['Content-Type: application/json', 'Content-Length: 1000000000000000000']),
      /^HTTP\/1.1 413/,
    ],
    ['a length and chunks', wire('POST', '/predict', '{}', ['Transfer-Encoding: chunked']), /^HTTP\/1.1 400/],
    [
      'chunks that are none',
      wire('POST', '/predict', '', ['Content-Type: application/json', 'Transfer-Encoding: chunked']) +
        'zz\r\n{}',
      /^HTTP\/1.1 400/,
    ],
    [
      'a header of 64 KB',
      wire('GET', '/health/live', '', [`X-Long: ${'x'.repeat(2 ** 16)}`]),
      /^HTTP\/1.1 431/,
    ],
    [
      'ten thousand headers',
      wire(
        'GET',
        '/health/live',
        '',
        Array.from({ length: 10_000 }, (_, at) => `X-${at}: y`),
      ),
      /^HTTP\/1.1 431/,
    ],
    ['a path of 100 KB', wire('GET', `/${'x'.repeat(100_000)}`), /^HTTP\/1.1 431/],
    ['a version that is none', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', /^HTTP\/1.1 (400|505)/],
    ['TLS', '\x16\x03\x01 hello\r\n\r\n', /^HTTP\/1.1 400/],
  ])('%s', async (_, bytes, expected) => {
    await survives(async ({ port }) => expect(await exchange(port, bytes)).toMatch(expected), {
      receiveTimeout: 1000,
    });
  });

  test('paths that try to leave their place', async () => {
    const up = [
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
      '..%5cpackage.json',
    ];
    const folders = ['/', '/page/', '/docs/', '/docs/static/', '/v2/models/', '/v2/models/test/versions/'];
    const names = [
      'constructor',
      '__proto__',
      'toString',
      'test%00',
      '%ff',
      '%',
      'test;x=1',
      'a'.repeat(5000),
    ];
    const versions = ['01', '1e0', '+1', '1.0', '-1', '0', '99999999999999999999'];
    const paths = [
      ...folders.flatMap((folder) => up.map((path) => folder + path)),
      ...names.map((name) => `/v2/models/${name}`),
      ...versions.map((version) => `/v2/models/test/versions/${version}`),
      'http://elsewhere/v2/models/other',
      '//etc/passwd',
    ];
    await survives(async ({ port }) => {
      for (const path of paths) {
        const answer = await exchange(port, wire('GET', path, '', [CLOSE]));
        expect(answer, path).toMatch(/^HTTP\/1.1 4\d\d/);
        expect(answer, path).not.toContain('devDependencies');
      }
    });
  });
});

describe('clients that misbehave', () => {
  test('headers and bodies that come a byte at a time are cut off', async () => {
    const half = wire('POST', '/predict', '{', ['Content-Type: application/json', 'Content-Length: 1000']);
    await survives(
      async ({ port }) => {
        const starts = ['GET / HTTP/1.1\r\nX-Slow: ', half];
        await Promise.all(
          starts.map(async (start) => {
            const socket = openSocket(port);
            socket.write(start);
            const drip = setInterval(() => socket.write(' '), 50);
            await received(socket);
            clearInterval(drip);
          }),
        );
      },
      { receiveTimeout: 300 },
    );
  });

  test('connections that say nothing are closed, and no more are taken than may be', async () => {
    await survives(
      async ({ port }) => {
        const sockets = Array.from({ length: 30 }, () => openSocket(port));
        await Promise.all(sockets.map(received));
      },
      { receiveTimeout: 300, connectionLimit: 10 },
    );
  });

  test('a client that closes its side while it waits', async () => {
    await survives(async ({ port }) => {
      const socket = openSocket(port);
      socket.end(wire('POST', '/predict', IMAGE));
      // Node hangs up, too: whether the answer was ready by then, nobody knows.
      expect(['', 'HTTP/1.1 200']).toContain((await received(socket)).slice(0, 12));
    });
  });

  test('a client that does not read its answers, and then goes', async () => {
    await survives(async ({ port }) => {
      const socket = openSocket(port);
      socket.pause();
      socket.write(wire('GET', '/').repeat(2000));
      await new Promise((resolve) => setTimeout(resolve, 500));
      socket.destroy();
    });
  });

  test('ten thousand requests in one go are answered in order', async () => {
    const count = 10_000;
    const isPrediction = (at: number): boolean => at % 10 === 0;
    const bytes = Array.from({ length: count }, (_, at) =>
      isPrediction(at)
        ? wire('POST', '/predict', IMAGE)
        : wire('GET', '/health/live', '', at === count - 1 ? [CLOSE] : []),
    ).join('');
    await survives(
      async ({ port }) => {
        const answers = (await exchange(port, bytes)).split(/(?=HTTP\/1\.1 )/);
        expect(answers).toHaveLength(count);
        const statuses = answers.map((text) => text.slice(9, 12));
        // A few at once are taken, and the queue is shorter than that.
        expect(new Set(statuses)).toEqual(new Set(['200', '503']));
        expect(statuses[0]).toBe('200');
        const taken = [...answers.entries()].filter(([at]) => statuses[at] === '200');
        expect(
          taken.every(([at, text]) => text.includes('"status":"ok"') !== isPrediction(at)),
          'answers are in order',
        ).toBe(true);
      },
      { answerTimeout: 60_000, receiveTimeout: 60_000 },
    );
  });

  test('uploads that end in the middle', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n\x89PNG';
    const headers = ['Content-Type: multipart/form-data; boundary=b', 'Content-Length: 100000'];
    await survives(
      async ({ port }) => {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const socket = openSocket(port);
            socket.write(wire('POST', '/predict', '', headers) + part);
            await new Promise((resolve) => setTimeout(resolve, 100));
            socket.destroy();
          }),
        );
        // Without the end of the form, and with an end of the connection.
        const answer = await exchange(
          port,
          wire('POST', '/predict', '', [headers[0]!, 'Content-Length: 82']) + part,
        );
        expect(answer === '' || /^HTTP\/1.1 4/.test(answer)).toBe(true);
      },
      { receiveTimeout: 1000 },
    );
  });
});

describe('bodies that ask for much', () => {
  test('a picture of 20,000 × 20,000 pixels, as a body, in base64 and in a form', async () => {
    const bomb = forgePng(20_000, 20_000, Buffer.alloc(20_001 * 3000));
    expect(bomb.length).toBeLessThan(2 ** 20);
    await survives(async ({ url }) => {
      const bytes = new Uint8Array(bomb);
      const form = new FormData();
      form.set('image', new Blob([bytes], { type: 'image/png' }), 'bomb.png');
      for (const body of [bytes, form]) {
        const headers = body === form ? {} : { 'content-type': 'image/png' };
        expect((await fetch(`${url}/predict`, { method: 'POST', headers, body })).status).toBe(413);
      }
      expect((await postJson(`${url}/predict`, { image: bomb.toString('base64') })).status).toBe(413);
    });
  });

  test('a body that unpacks to gigabytes is not unpacked', async () => {
    const zeros = Buffer.alloc(2 ** 28, 0x20);
    const packed = [
      ['gzip', gzipSync(zeros)],
      ['deflate', deflateSync(zeros)],
    ] as const;
    await survives(async ({ url }) => {
      for (const [encoding, body] of packed) {
        expect(body.length).toBeLessThan(2 ** 19);
        for (const path of ['/predict', INFER, '/v2/repository/index']) {
          const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
          const before = process.memoryUsage().rss;
          const response = await fetch(url + path, { method: 'POST', headers, body: new Uint8Array(body) });
          expect([response.status, await response.json()], path).toEqual([
            413,
            { error: 'takes at most 8388608 bytes in a body, unpacked' },
          ]);
          expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
        }
      }
    });
  });

  test.each([
    ['without end', 2_000_000],
    ['as deep as is read', 100_000],
  ])('lists in lists %s', async (_, count) => {
    const deep = '['.repeat(count) + ']'.repeat(count);
    const parameters = { ...inferRequest([1, 784]), parameters: { scale: 0 } };
    await survives(async ({ url }) => {
      for (const body of [
        deep,
        `{"inputs":${deep}}`,
        JSON.stringify(inferRequest([1, 784], { data: [] })).replace('[]', deep),
        JSON.stringify(parameters).replace('"scale":0', `"scale":${deep}`),
      ]) {
        for (const path of [INFER, '/v2/repository/index']) {
          const { status } = await postJson(url + path, body);
          const isIgnored = path !== INFER && body[0] === '{';
          expect(status, path).toBe(count > 2 ** 17 ? 413 : isIgnored ? 200 : 400);
        }
      }
    });
  });

  const many = (element: string, count: number): string => `[${`${element},`.repeat(count)}${element}]`;
  test.each([
    ['strings for pixels', '/predict', `{"pixels":${many('""', 2_000_000)}}`],
    ['lists for pixels', '/predict', `{"pixels":${many('[]', 2_000_000)}}`],
    ['images of strings', '/predict', `{"pixels":${many(many('""', 783), 2000)}}`],
    ['pictures that are none', '/predict', `{"images":${many('""', 2_000_000)}}`],
    [
      'keys',
      '/predict',
      JSON.stringify(Object.fromEntries(Array.from({ length: 300_000 }, (_, at) => [`k${at}`, 0]))),
    ],
    ['inputs', INFER, `{"inputs":${many('0', 3_000_000)}}`],
    [
      'outputs',
      INFER,
      JSON.stringify(inferRequest([1, 784])).replace(/}$/, `,"outputs":${many('0', 3_000_000)}}`),
    ],
    [
      'dimensions',
      INFER,
      `{"inputs":[{"name":"pixels","datatype":"FP32","shape":${many('""', 2_000_000)}}]}`,
    ],
    [
      'values',
      INFER,
      `{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,784],"data":${many('""', 2_000_000)}}]}`,
    ],
    [
      'parameters',
      INFER,
      JSON.stringify({
        ...inferRequest([1, 784]),
        parameters: Object.fromEntries(Array.from({ length: 300_000 }, (_, at) => [`k${at}`, null])),
      }),
    ],
  ])('millions of %s', async (_, path, body) => {
    await survives(async ({ url }) => {
      const answer = await postJson(url + path, body);
      expect(answer.status).toBe(413);
      const { error } = answer.body as { error: string };
      expect(error.length).toBeLessThanOrEqual(501);
      expect(error).toMatch(/takes|Unrecognized/);
    });
  });

  test.each([
    ['strings for pixels', '/predict', `{"pixels":${many('""', 1_000_000)}}`],
    ['inputs', INFER, `{"inputs":${many('0', 1_000_000)}}`],
  ])('as many %s as are read', async (_, path, body) => {
    await survives(async ({ url }) => {
      const answer = await postJson(url + path, body);
      expect(answer.status).toBe(400);
      const { error } = answer.body as { error: string };
      expect(error.length).toBeLessThanOrEqual(501);
      expect(error).toContain('takes');
    });
  });

  test('of many faults one is noted', () => {
    const wrong = new Array<string>(100_000).fill('');
    for (const body of [
      { pixels: wrong },
      { pixels: [testImage(0).with(0, -1), wrong] },
      { images: wrong },
    ]) {
      expect(schemas.predictBody.safeParse(body).error?.issues).toHaveLength(1);
    }
    expect(schemas.inferRequest.safeParse({ inputs: wrong }).error?.issues).toHaveLength(1);
  });

  test.each([
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['-1e999', '-1e999'],
    ['null', 'null'],
  ])('%s is no pixel', async (_, value) => {
    await survives(async ({ url }) => {
      const body = `{"pixels":[${value}${',0'.repeat(783)}]}`;
      expect((await postJson(`${url}/predict`, body)).status).toBe(400);
    });
  });

  test('values that are no brightnesses, in binary', async () => {
    await survives(async ({ url }) => {
      for (const value of [NaN, Infinity, -Infinity, -0.1, 255.1, 1e38]) {
        const values = Buffer.from(new Float32Array(784).fill(value).buffer);
        expect(await postBinary(url, inferRequest([1, 784], binary(values)), values), String(value)).toBe(
          400,
        );
      }
    });
  });

  test.each([
    [2 ** 53, 784],
    [1e308, 784],
    [-1, 784],
    [0, 784],
    [1.5, 784],
    [1, 784, 1, 1, 1],
    [2 ** 32 + 1, 784],
    [],
  ])('a tensor of shape %j', async (...shape) => {
    await survives(async ({ url }) => {
      const { status } = await postJson(url + INFER, inferRequest(shape));
      expect([400, 413]).toContain(status);
      const values = Buffer.alloc(784 * 4);
      expect([400, 413]).toContain(await postBinary(url, inferRequest(shape, binary(values)), values));
    });
  });

  test('keys that would reach into prototypes', async () => {
    await survives(async ({ url }) => {
      const pixels = JSON.stringify(testImage(1));
      for (const body of [
        `{"__proto__":{"polluted":1},"pixels":${pixels}}`,
        `{"constructor":{"prototype":{"polluted":1}},"pixels":${pixels}}`,
      ]) {
        expect((await postJson(`${url}/predict`, body)).status).toBe(400);
      }
      const values = Buffer.from(testImage(1));
      const input = `{"name":"pixels","datatype":"UINT8","shape":[1,784],"parameters":{"binary_data_size":784}}`;
      const header = `{"__proto__":{"polluted":1},"parameters":{"__proto__":1},"inputs":[${input}]}`;
      expect([200, 400]).toContain(await postBinary(url, header, values));
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });
  });
});

test('more requests at once on a connection than are taken are refused, one by one', async () => {
  await survives(async ({ port }) => {
    const last = wire('GET', '/docs/json', '', [CLOSE]);
    const answers = await exchange(port, wire('GET', '/docs/json').repeat(MOST_PIPELINED + 4) + last);
    const lines = [...answers.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    expect(lines).toEqual([...Array<string>(MOST_PIPELINED).fill('200'), ...Array<string>(5).fill('503')]);
    expect(answers).toContain('takes at most 32 requests at once on a connection');
  });
});

function binary(values: Buffer): object {
  return { parameters: { binary_data_size: values.length } };
}

/** The status of a request with a binary tensor. */
async function postBinary(url: string, request: object | string, values: Buffer): Promise<number> {
  const header = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request));
  const response = await fetch(url + INFER, {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: Buffer.concat([header, values]),
  });
  return response.status;
}
