import { describe, expect, test } from 'vitest';
import { RequestError, UnavailableError } from '../../src/serve/errors.ts';
import { answerTo } from '../../src/serve/http/errors.ts';
import { refusalOf } from '../../src/serve/http/unreadable.ts';
import { PictureError } from '../../src/pipeline/pictures/error.ts';
import { postJson, startService, testImage } from './fixture.ts';
import { CLOSE, exchange, wire } from './rawSocket.ts';

/** An answer as it comes over the wire. */
function parsed(text: string): { status: number; headers: Map<string, string>; body: string } {
  const at = text.indexOf('\r\n\r\n');
  const [start, ...lines] = text.slice(0, at).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.split(': ')[0]!.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
  );
  return { status: Number(start!.split(' ')[1]), headers, body: text.slice(at + 4) };
}

const long = 'x'.repeat(2 ** 15);
const chunked = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];

describe('every error has the same shape', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400, /^the request is not HTTP: Parse Error/],
    ['no host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', 400, /^takes a Host header$/],
    ['a wrong chunk', `${wire('POST', '/predict', '', chunked)}zz\r\n`, 400, /^the request is not HTTP/],
    ['a wrong escape', wire('GET', '/v2/models/%', '', [CLOSE]), 400, /not a valid url/],
    [
      'an unknown path',
      wire('GET', '/nowhere?a=b', '', [CLOSE]),
      404,
      /^there is no GET \/nowhere\?a=b; see/,
    ],
    ['another method', wire('DELETE', '/predict', '', [CLOSE]), 405, /^takes POST, got DELETE$/],
    ['late headers', 'GET / HTTP/1.1\r\nHost', 408, /^the request did not arrive in time$/],
    [
      'a late body',
      wire('POST', '/predict', '', ['Content-Type: application/json', 'Content-Length: 9']),
      408,
      /did not arrive in time$/,
    ],
    [
      'a large body',
      wire('POST', '/predict', '', ['Content-Type: application/json', 'Content-Length: 99999999']),
      413,
      /too large/,
    ],
    [
      'long chunk extensions',
      `${wire('POST', '/predict', '', chunked)}1;${long}\r\n`,
      413,
      /^takes chunks without/,
    ],
    [
      'a long parameter',
      wire('GET', `/v2/models/${'x'.repeat(2000)}`, '', [CLOSE]),
      400,
      /^params \/model: Too big: expected string to have <=64 characters$/,
    ],
    [
      'an unknown type',
      wire('POST', '/predict', '', ['Content-Type: a/b', 'Content-Length: 0', CLOSE]),
      415,
      /^takes application\/json, .*; got a\/b$/,
    ],
    [
      'an expectation',
      wire('GET', '/', '', ['Expect: magic']),
      417,
      /^Expect takes 100-continue, got magic$/,
    ],
    [
      'long headers',
      wire('GET', '/', '', [`X-Long: ${long}`]),
      431,
      /^takes an address and headers of at most 16 KiB$/,
    ],
  ])('%s', async (_, bytes, expected, message) => {
    const { port } = await startService({ receiveTimeout: 1000 });
    const { status, headers, body } = parsed(await exchange(port, bytes));
    expect(status).toBe(expected);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('connection')).toBe('close');
    const length = headers.get('content-length');
    if (length !== undefined) expect(body).toHaveLength(Number(length));
    const { error, ...rest } = JSON.parse(length === undefined ? body.split('\r\n')[1]! : body) as {
      error: string;
    };
    expect(error).toMatch(message);
    expect(rest).toEqual({});
  });

  test('another method is told which ones a path takes', async () => {
    const { url } = await startService();
    const allowed = async (path: string, method: string): Promise<unknown[]> => {
      const { status, headers } = await fetch(url + path, { method });
      return [status, headers.get('allow')];
    };
    expect(await allowed('/predict?a=b', 'GET')).toEqual([405, 'POST']);
    expect(await allowed('/health/live', 'POST')).toEqual([405, 'GET, HEAD']);
    expect(await allowed('/v2/models/test/infer', 'PUT')).toEqual([405, 'POST']);
    expect(await allowed('/v2/models/test/other', 'GET')).toEqual([404, null]);
    expect(await allowed('/predicted', 'GET')).toEqual([404, null]);
  });

  test('a content type does not hide that there is no route', async () => {
    const { url } = await startService();
    const posted = async (path: string, type: string): Promise<unknown[]> => {
      const init = { method: 'POST', headers: { 'content-type': type }, body: 'x' };
      const { status, headers } = await fetch(url + path, init);
      return [status, headers.get('allow')];
    };
    expect(await posted('/health/live', 'a/b')).toEqual([405, 'GET, HEAD']);
    expect(await posted('/health/live', ' ')).toEqual([405, 'GET, HEAD']);
    expect(await posted('/nowhere', 'a/b')).toEqual([404, null]);
    expect(await posted('/predict', 'a/b')).toEqual([415, null]);
  });

  test('messages have at most 500 characters', async () => {
    const { url } = await startService();
    const { body } = await postJson(`${url}/predict`, Object.fromEntries([['k'.repeat(10_000), 1]]));
    const { error } = body as { error: string };
    expect(error).toHaveLength(501);
    expect(error.at(-1)).toBe('…');
  });

  test('errors that are not for clients keep their text to themselves, and are logged', async () => {
    const log: string[] = [];
    const { url, host } = await startService({}, {}, log);
    host.predict = () => Promise.reject(new Error('the password is 1234'));
    const { status, headers, body } = await postJson(`${url}/predict`, { pixels: testImage(0) });
    expect([status, body]).toEqual([500, { error: 'internal error; see the log' }]);
    expect(headers.get('retry-after')).toBeNull();
    expect(log.filter((line) => line.includes('the password is 1234'))).toHaveLength(1);
  });
});

test.each([
  [new RequestError(413, 'large'), 413, 'large'],
  [new UnavailableError('full'), 503, 'full'],
  [new PictureError('format', 'a GIF'), 415, 'a GIF'],
  [new PictureError('size', 'huge'), 413, 'huge'],
  [new PictureError('content', 'cut off'), 422, 'cut off'],
  [Object.assign(new Error('teapot'), { statusCode: 418 }), 418, 'teapot'],
  [Object.assign(new Error('secret'), { statusCode: 500 }), 500, 'internal error; see the log'],
  [Object.assign(new Error('secret'), { statusCode: 399 }), 500, 'internal error; see the log'],
  [new Error('secret'), 500, 'internal error; see the log'],
])('%o is answered with %i', (error, status, message) => {
  expect(answerTo(error)).toEqual({ status, message });
});

test('nobody is answered who has gone', () => {
  expect(refusalOf(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBeUndefined();
  expect(refusalOf(Object.assign(new Error(), { code: 'EPIPE' }))).toBeUndefined();
  expect(refusalOf(Object.assign(new Error('odd'), { code: 'HPE_INVALID' }))?.status).toBe(400);
});
