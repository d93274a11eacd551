import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { addModel, temporaryFolder } from '../serve/fixture.ts';

function run(...args: string[]): {
  child: ReturnType<typeof spawn>;
  exit: Promise<number | null>;
  output: () => string;
} {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, exit, output: () => text };
}

test('the service answers, and SIGTERM ends it with 0', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const { child, exit } = run('src/api.ts', '--models', root, '--device', 'cpu', '--port', '0');
  let ready = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    // Every line of the log is JSON.
    const { msg } = JSON.parse(line) as { msg: string };
    const url = /listening at (http:\S+)/.exec(msg)?.[1];
    if (url === undefined) continue;
    expect(url).toContain('127.0.0.1');
    ready = (await fetch(`${url}/health/ready`)).status;
    break;
  }
  expect(ready).toBe(200);
  child.stdout!.resume();
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
});

test.each([
  [['src/api.ts', '--port', 'http'], 2, '--port takes'],
  [['src/api.ts', '--gpu'], 2, 'usage:'],
  [['src/api.ts', '--models', '/nowhere', '--device', 'cpu'], 1, 'holds no champion'],
  [['src/registry.ts'], 2, 'usage:'],
  [['src/registry.ts', 'promote', 'latest'], 2, 'missing argument <name>'],
  [['src/registry.ts', 'list', '--models', '/nowhere'], 0, 'holds no models'],
  [['src/registry.ts', 'show', 'mlp', '--models', '/nowhere'], 1, 'there is no model'],
])('%j ends with %i', async (args, code, text) => {
  const { exit, output } = run(...args);
  expect(await exit).toBe(code);
  expect(output()).toContain(text);
});
