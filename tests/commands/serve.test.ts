import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { startProcess } from '../../bench/service/process.ts';
import { stopUnderLoad } from '../../bench/service/stops.ts';
import { abortUploads, largePng, noisyJpeg, pixels, uploads } from '../../bench/service/uploads.ts';
import { addModel, temporaryFolder } from '../serve/fixture.ts';
import { callCommand, spawnCommand } from './commands.ts';

test('the service answers, and SIGTERM ends it with 0', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const args = ['--models', root, '--device', 'cpu', '--port', '0'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/api.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'close');
  let ready = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    // Every line of the log is JSON.
    const { msg } = JSON.parse(line) as { msg: string };
    const url = /listening at (http:\S+)/.exec(msg)?.[1];
    if (url === undefined) continue;
    expect(url).toContain('127.0.0.1');
    ready = (await fetch(`${url}/health/ready`)).status;
    break;
  }
  expect(ready).toBe(200);
  child.stdout.resume();
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('Ctrl-C stops sooner than SIGTERM, and connections stay open as long as they are told', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const args = ['--models', root, '--device', 'cpu', '--drain-delay', '20000', '--keep-alive', '7000'];
  const { child, url, exit } = await startProcess(...args);
  expect((await fetch(`${url}/health/live`)).headers.get('keep-alive')).toBe('timeout=7');
  const draining = new Promise<unknown>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { msg, signal, delay } = JSON.parse(line) as Record<string, unknown>;
      if (msg === 'draining') resolve({ signal, delay });
    });
  });
  child.kill('SIGINT');
  expect(await draining).toEqual({ signal: 'SIGINT', delay: 500 });
  expect(await exit).toEqual([0, null]);
});

test('SIGTERM under load loses no request', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const service = await startProcess('--models', root, '--device', 'cpu', '--drain-delay', '300');
  const { answered, lost, exitCode } = await stopUnderLoad(service, 16, 300, false);
  expect({ lost, exitCode, errors: service.errors }).toEqual({ lost: [], exitCode: 0, errors: [] });
  expect(answered).toBeGreaterThan(0);
});

test('uploads that are broken off at any moment harm nobody', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const { child, port, url, errors, exit } = await startProcess('--models', root, '--device', 'cpu');
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const kinds = uploads(await noisyJpeg(1000, 1000), await largePng(512));
  await abortUploads(port, kinds, { count: 60, atOnce: 12, random });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ pixels: pixels(1) });
  expect((await fetch(`${url}/predict`, { method: 'POST', headers, body })).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nwgrad_unhandled_rejections_total 0\n');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(errors).toEqual([]);
});

test('a service without a model does not start', async () => {
  const { code, stderr } = await spawnCommand('api', '--models', '/nowhere', '--device', 'cpu');
  expect(code).toBe(1);
  expect(stderr).toContain('holds no champion');
});

test.each([
  ['api', ['--port', 'http'], 2, '--port takes'],
  ['api', ['--gpu'], 2, 'usage:'],
  [
    'api',
    ['--model', 'mlp,'],
    2,
    "--model takes a name or a folder; several are separated by commas; got 'mlp,'",
  ],
  ['api', ['--model', 'mlp', '--champions'], 2, '--model cannot be combined with --champions'],
  ['registry', [], 2, 'usage:'],
  ['registry', ['promote', 'latest'], 2, 'missing argument <name>'],
  ['registry', ['list', '--models', '/nowhere'], 0, 'holds no models'],
  ['registry', ['show', 'mlp', '--models', '/nowhere'], 1, 'there is no model'],
  ['registry', ['alias', 'mlp', '--models', 'models'], 2, 'missing argument <alias>'],
  ['registry', ['delete', 'mlp'], 1, 'takes NAME/VERSION such as mlp/2, got "mlp"'],
  ['registry', ['delete', 'mlp/1', '--models', '/nowhere'], 1, 'mlp has no version 1; there is none'],
])('%s %j ends with %i', async (name, args, code, text) => {
  const { stdout, stderr, code: found } = await callCommand(name, ...args);
  expect(found).toBe(code);
  expect(stdout + stderr).toContain(text);
});

test('aliases are moved and versions are deleted by commands', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'mlp', 1);
  await addModel(root, 'mlp', 2);
  const registry = async (...args: string[]): Promise<[number, string]> => {
    const { code, stdout, stderr } = await callCommand('registry', ...args, '--models', root);
    return [code, stdout + stderr];
  };
  expect(await registry('alias', 'mlp/1', 'stable')).toEqual([0, 'mlp@stable: version (none) → 1\n']);
  expect(await registry('alias', 'mlp', 'stable')).toEqual([0, 'mlp@stable: version 1 → 2\n']);
  expect(await registry('alias', 'mlp@stable', 'champion')).toEqual([0, 'mlp@champion: there already\n']);
  // A service could not load a damaged version.
  const weights = join(root, 'mlp', '1', 'weights.safetensors');
  const bytes = await readFile(weights);
  await writeFile(weights, bytes.subarray(0, -1));
  expect(await registry('alias', 'mlp/1', 'champion')).toEqual([
    1,
    expect.stringContaining(weights) as string,
  ]);
  expect(await registry('alias', 'mlp', 'stable')).toEqual([0, 'mlp@stable: there already\n']);
  await writeFile(weights, bytes);
  const [code, text] = await registry('delete', 'mlp/2');
  expect([code, text]).toEqual([1, expect.stringContaining('champion, stable point to it') as string]);
  expect(await registry('delete', 'mlp/1')).toEqual([0, `deleted ${join(root, 'mlp', '1')}\n`]);
  expect(await registry('delete', 'mlp/2', '--force')).toEqual([
    0,
    `deleted ${join(root, 'mlp', '2')}\ndeleted alias mlp@champion\ndeleted alias mlp@stable\n`,
  ]);
  expect(await registry('list')).toEqual([0, `${root} holds no models; promote a run: see --help\n`]);
});
