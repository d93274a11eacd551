// Each option of the command that serves models reaches the part of the service for which it stands.

import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import type { ServeOptions } from '../../src/serve/serve.ts';
import { callCommand } from '../commands/commands.ts';
import { changes, declaredOptions } from './commandOptions.ts';

const SERVE = '../../src/serve/serve.ts';
const served: ServeOptions[] = [];
vi.doMock(SERVE, () => ({ serve: (options: ServeOptions) => Promise.resolve(served.push(options)) }));

const key = process.env['WGRAD_API_KEY'];
const withoutKey = (): void => {
  delete process.env['WGRAD_API_KEY'];
};
withoutKey();
afterAll(() => {
  vi.doUnmock(SERVE);
  if (key !== undefined) process.env['WGRAD_API_KEY'] = key;
});

/** What the service is started with. */
async function startedWith(...words: string[]): Promise<ServeOptions> {
  const { code, stderr } = await callCommand('api', ...words);
  expect([words, code, stderr]).toEqual([words, 0, '']);
  return served.pop()!;
}

/** Without options. */
const plain = await startedWith();
const MOST = 2_147_483_647;

test('without options, the service listens on this machine with the limits that the help shows', () => {
  expect(plain).toEqual({
    host: '127.0.0.1',
    port: 8000,
    device: 'auto',
    adapter: undefined,
    references: undefined,
    data: 'data/raw',
    model: {
      root: 'models',
      batchSize: 32,
      delay: 2,
      queueLimit: 512,
      pollInterval: 2000,
      batchTimeout: 30_000,
    },
    bodyLimit: 8_388_608,
    pixelLimit: 16_777_216,
    imageLimit: 256,
    decodersAtOnce: 2,
    decodeQueueLimit: 64,
    receiveTimeout: 10_000,
    answerTimeout: 10_000,
    connectionLimit: 1024,
    keepAlive: 65_000,
    drainDelay: 2000,
    drainTimeout: 15_000,
    apiKey: undefined,
    logLevel: 'info',
  });
});

/** An option by its key, a text for it, and what that changes. */
const CASES: readonly (readonly [key: string, words: string[], changed: Record<string, unknown>])[] = [
  ['model', ['--model', 'mlp'], { references: ['mlp'] }],
  ['model', ['--model', 'mlp@latest, cnn/2'], { references: ['mlp@latest', 'cnn/2'] }],
  ['champions', ['--champions'], { references: 'champions' }],
  ['models', ['--models', 'elsewhere'], { 'model.root': 'elsewhere' }],
  ['data', ['--data', 'elsewhere'], { data: 'elsewhere' }],
  ['host', ['--host', '0.0.0.0'], { host: '0.0.0.0' }],
  ['port', ['--port', '9000'], { port: 9000 }],
  ['device', ['--device', 'cpu'], { device: 'cpu' }],
  ['adapter', ['--adapter', 'llvmpipe'], { adapter: 'llvmpipe' }],
  ['batchSize', ['--batch-size', '16'], { 'model.batchSize': 16 }],
  ['batchDelay', ['--batch-delay', '5'], { 'model.delay': 5 }],
  ['queue', ['--queue', '1000'], { 'model.queueLimit': 1000 }],
  // A request with more images than the queue holds would never fit.
  ['queue', ['--queue', '100'], { 'model.queueLimit': 100, imageLimit: 100 }],
  ['queue', ['--queue', '256'], { 'model.queueLimit': 256 }],
  ['maxBody', ['--max-body', '2048'], { bodyLimit: 2048 }],
  ['maxPixels', ['--max-pixels', '1000'], { pixelLimit: 1000 }],
  ['maxImages', ['--max-images', '7'], { imageLimit: 7 }],
  ['maxImages', ['--max-images', '600'], { imageLimit: 512 }],
  ['timeout', ['--timeout', '700'], { receiveTimeout: 700, answerTimeout: 700 }],
  ['keepAlive', ['--keep-alive', '7000'], { keepAlive: 7000 }],
  ['drainDelay', ['--drain-delay', '30'], { drainDelay: 30 }],
  ['drainTimeout', ['--drain-timeout', '40'], { drainTimeout: 40 }],
  ['poll', ['--poll', '0'], { 'model.pollInterval': 0 }],
  ['logLevel', ['--log-level', 'silent'], { logLevel: 'silent' }],
];

test.each(CASES)('--%s: %j', async (_, words, changed) => {
  expect(changes(plain, await startedWith(...words))).toEqual(changed);
});

test('each option has a case', async () => {
  const { '': declared } = await declaredOptions('api');
  expect([...new Set(CASES.map(([option]) => option))].sort()).toEqual([...declared!].sort());
});

/** The least and the greatest value of each option that takes a number. */
const BOUNDS: readonly (readonly [flag: string, path: string, least: number, greatest: number])[] = [
  ['--port', 'port', 0, 65_535],
  ['--batch-size', 'model.batchSize', 1, 4096],
  ['--batch-delay', 'model.delay', 0, 10_000],
  ['--queue', 'model.queueLimit', 1, MOST],
  ['--max-body', 'bodyLimit', 1024, MOST],
  ['--max-pixels', 'pixelLimit', 784, MOST],
  ['--max-images', 'imageLimit', 1, MOST],
  ['--timeout', 'answerTimeout', 100, MOST],
  ['--keep-alive', 'keepAlive', 0, MOST],
  ['--drain-delay', 'drainDelay', 0, 600_000],
  ['--drain-timeout', 'drainTimeout', 0, 600_000],
  ['--poll', 'model.pollInterval', 0, MOST],
];

test.each(BOUNDS)('%s takes %s from %i to %i', async (flag, path, least, greatest) => {
  // The number of images is bounded by the queue, too.
  const queue = flag === '--max-images' ? ['--queue', String(MOST)] : [];
  const before = queue.length > 0 ? await startedWith(...queue) : plain;
  for (const value of [least, greatest]) {
    const after = await startedWith(flag, String(value), ...queue);
    expect(changes(before, after)).toMatchObject({ [path]: value });
  }
  for (const value of [least - 1, greatest + 1]) {
    const { code, stderr } = await callCommand('api', flag, String(value), ...queue);
    expect([value, code, stderr]).toEqual([value, 2, expect.stringContaining(`error: ${flag} takes`)]);
  }
  expect(served).toEqual([]);
});

test.each(['trace', 'debug', 'warn', 'error', 'fatal'])('--log-level takes %s', async (level) => {
  expect(changes(plain, await startedWith('--log-level', level))).toEqual({ logLevel: level });
});

test('the key comes from the environment, without the spaces around it', async () => {
  process.env['WGRAD_API_KEY'] = ' secret\n';
  onTestFinished(withoutKey);
  expect(changes(plain, await startedWith())).toEqual({ apiKey: 'secret' });
});

test('a key that no request could send is wrong usage', async () => {
  process.env['WGRAD_API_KEY'] = ' ';
  onTestFinished(withoutKey);
  const { code, stderr } = await callCommand('api');
  expect([code, stderr]).toEqual([2, expect.stringContaining('WGRAD_API_KEY takes')]);
  expect(served).toEqual([]);
});
