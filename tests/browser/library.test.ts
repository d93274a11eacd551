import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { chromiumOrSkip, watch } from './browser.ts';
import { bundleForBrowsers } from './bundle.ts';

const PROGRAM = `
  import { crossEntropy, init, manualSeed, nn, optim, rand, randint, scope } from '/wgrad.js';

  const device = await init('cpu');
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(784, 32), new nn.ReLU(), new nn.Linear(32, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const [x, labels] = [rand([64, 784]), randint(0, 10, [64])];
  const loss = () => crossEntropy(model.forward(x), labels);
  const before = await loss().item();
  for (let step = 0; step < 10; step++) {
    scope(() => {
      loss().backward();
      optimizer.step();
      optimizer.zeroGrad();
    });
  }
  document.title = [device.description, before > (await loss().item()) ? 'learns' : 'fails'].join(': ');
`;

test('the library trains on the CPU in a page', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { code } = await bundleForBrowsers();
  const page =
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>';
  const files: Record<string, [type: string, content: string | Uint8Array]> = {
    '/': ['text/html', page],
    '/program.js': ['text/javascript', PROGRAM],
    '/wgrad.js': ['text/javascript', code],
    '/cpu.wasm': ['application/wasm', readFileSync('src/platform/cpu.wasm')],
  };
  const server = createServer(({ url = '' }, response) => {
    const [type, content] = files[url] ?? ['text/plain', ''];
    response.writeHead(url in files ? 200 : 404, { 'content-type': type }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const tab = await browser.newPage();
  const faults = watch(tab, url);
  await tab.goto(url);
  await expect.poll(async () => (await tab.title()) || faults.join(), { timeout: 20_000 }).not.toBe('');
  expect(faults).toEqual([]);
  expect(await tab.title()).toBe('WebAssembly SIMD on the CPU, one thread: learns');
});
