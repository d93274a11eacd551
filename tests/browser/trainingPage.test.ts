import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { decodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { configurationOf, defaultChoices } from '../../src/serve/page/client/configurations.ts';
import { PageControl } from '../../src/serve/page/client/worker/pageControl.ts';
import { trainModel } from '../../src/serve/page/client/worker/training.ts';
import type { Configuration } from '../../src/pipeline/config/schema.ts';
import { setDefaultDevice } from '../../src/tensor/device.ts';
import { images } from '../pipeline/training/trainingFixture.ts';
import { startService, temporaryFolder } from '../serve/fixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { writeDataFolder } from './dataFolder.ts';
import { SCREENS } from './screens.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

const data = { train: images(6000, 0), test: images(300, 1) };

async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

async function startServiceWithData(): Promise<string> {
  const folder = await writeDataFolder(join(await temporaryFolder(), 'raw'), data.train, data.test);
  return (await startService({ data: folder })).url;
}

async function choose(page: Page, device: 'cpu' | 'webgpu', epochs: number): Promise<void> {
  await page.locator(`input[name=device][value=${device}]`).check();
  await page.fill('input[name=epochs]', String(epochs));
  await page.selectOption('select[name=limitTrain]', '1000');
}

async function train(page: Page, device: 'cpu' | 'webgpu', epochs: number): Promise<void> {
  await choose(page, device, epochs);
  await page.click('#start');
}

function finished(page: Page): Promise<string> {
  return page
    .locator('#result-controls')
    .waitFor({ timeout: 50_000 })
    .then(() => page.locator('#state').innerText());
}

/** The weights that the page offers for download. */
async function downloaded(page: Page): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  expect(download.suggestedFilename()).toBe('fashion-mnist.safetensors');
  return readFile(await download.path());
}

async function trainInNode(epochs: number): Promise<{ sha256: string; accuracy: number }> {
  const device = await openCpu();
  setDefaultDevice(device);
  const configuration = configurationOf({
    ...defaultChoices('mlp'),
    epochs,
    limitTrain: 1000,
  }) as Configuration;
  const { weights, test } = await trainModel(configuration, device, data, () => undefined, new PageControl());
  return { sha256: weightsSha256(decodeSafetensors(weights).tensors), accuracy: test.accuracy };
}

describe('the page trains the MLP', () => {
  test('on the CPU, and gives the weights that Node gives, to the bit', async (context) => {
    const browser = await chromiumOrSkip(context);
    const url = await startServiceWithData();
    const page = await browser.newPage(SCREENS.light);
    const faults = watch(page, url);
    await page.goto(`${url}/#train`);
    await train(page, 'cpu', 3);
    expect(await finished(page)).toMatch(/of the 300 test images are classified correctly/);
    const expected = await trainInNode(3);
    expect(expected.accuracy).toBeGreaterThan(0.8);
    const weights = await downloaded(page);
    expect(weightsSha256(decodeSafetensors(weights).tensors)).toBe(expected.sha256);
    expect(await page.locator('#figure-epoch').innerText()).toBe('3 of 3');
    expect(await page.locator('#filters canvas').count()).toBe(32);
    expect(await page.locator('#confusion tbody td').count()).toBe(100);
    expect(await page.locator('#loss-chart circle').count()).toBe(3);
    // The trained model classifies at once.
    await page.click('#try');
    const box = (await page.locator('#canvas').boundingBox())!;
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 250, box.y + 300, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => page.locator('#classes li').count(), { timeout: 20_000 }).toBe(10);
    expect(await page.locator('#model').innerText()).toMatch(
      /^MLP trained here \(1\), [\d.]+ %, in this browser \(WebAssembly\), [\d.]+ ms$/,
    );
    // And so do its weights from a file.
    await page.click('#to-train');
    await page.setInputFiles('#weights-file', {
      name: 'mine.safetensors',
      mimeType: 'application/octet-stream',
      buffer: weights,
    });
    await expect.poll(() => page.locator('#state').innerText()).toMatch(/the weights of an MLP are loaded/);
    expect(await page.locator('#source option').allTextContents()).toHaveLength(4);
    expect(faults).toEqual([]);
  }, 120_000);

  test('on WebGPU', async (context) => {
    const browser = await chromiumOrSkip(context);
    const url = await startServiceWithData();
    const page = await browser.newPage(SCREENS.light);
    const faults = watch(page, url);
    await page.goto(`${url}/#train`);
    await train(page, 'webgpu', 3);
    const text = await finished(page);
    expect(text).toMatch(/WebGPU: google swiftshader/);
    expect(Number(/^[\d.]+/.exec(text)![0])).toBeGreaterThan(80);
    expect(faults).toEqual([]);
  }, 120_000);

  test('with a pause, and stops', async (context) => {
    const browser = await chromiumOrSkip(context);
    const page = await browser.newPage(SCREENS.phone);
    await page.goto(`${await startServiceWithData()}/#train`);
    await choose(page, 'cpu', 500);
    await page.locator('#start').press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('pause');
    await page.locator('#figures').waitFor({ timeout: 30_000 });
    await page.click('#pause');
    await expect.poll(() => page.locator('#pause').innerText()).toBe('Resume');
    await page.locator('#state', { hasText: /^Paused\./ }).waitFor();
    await page.click('#pause');
    await page.locator('#state', { hasText: /^Training\./ }).waitFor();
    // A second click takes the first back, also before the worker gets to it.
    await page.evaluate(`for (const _ of [1, 2]) document.querySelector('#pause').click()`);
    const step = await page.evaluate<number>('document.querySelector("#bar").value');
    await expect.poll(() => page.evaluate('document.querySelector("#bar").value')).toBeGreaterThan(step + 20);
    expect(await page.locator('#pause').innerText()).toBe('Pause');
    await page.locator('#stop').press('Enter');
    await finished(page);
    expect(await page.evaluate('document.activeElement.id')).toBe('state');
    expect(await page.locator('#figure-left').innerText()).toBe('stopped');
    expect(await page.locator('#start').isEnabled()).toBe(true);
  }, 120_000);
});

test('where the service has no data, the page says what to do', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService({ data: join(await temporaryFolder(), 'none') });
  const page = await browser.newPage(SCREENS.light);
  await page.goto(`${url}/#train`);
  await page.click('#start');
  await expect
    .poll(() => page.locator('#state').innerText(), { timeout: 20_000 })
    .toMatch(
      /the service has no train-images-idx3-ubyte in .*: run npx tsx src\/data.ts fetch on its machine/,
    );
  expect(await page.locator('#start').isEnabled()).toBe(true);
});

test('where WebGPU is missing, it cannot be chosen, also after a training', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService({ data: join(await temporaryFolder(), 'none') });
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(`Object.defineProperty(navigator, 'gpu', { value: undefined })`);
  await page.goto(`${url}/#train`);
  const webgpu = page.locator('input[name=device][value=webgpu]');
  await expect.poll(() => webgpu.isDisabled()).toBe(true);
  expect(await page.locator('#webgpu').innerText()).toMatch(/^This browser has no WebGPU\. .* on the CPU/);
  await page.click('#start');
  await page.locator('#state.bad').waitFor({ timeout: 20_000 });
  expect(await page.locator('#start').isEnabled()).toBe(true);
  expect(await webgpu.isDisabled()).toBe(true);
});

test('where the request for an adapter fails, a choice of WebGPU that was made before becomes automatic', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService({ data: join(await temporaryFolder(), 'none') });
  const page = await browser.newPage(SCREENS.light);
  const faults = watch(page, url);
  await page.addInitScript(`Object.defineProperty(navigator, 'gpu', {
    value: { requestAdapter: () => new Promise((_, reject) => (window.refuse = () => reject(new Error('lost')))) },
  })`);
  await page.goto(`${url}/#train`);
  await page.locator('input[name=device][value=webgpu]').check();
  await page.evaluate('refuse()');
  await page.locator('#webgpu', { hasText: /finds no usable GPU/ }).waitFor();
  expect(await page.locator('input[name=device][value=webgpu]').isDisabled()).toBe(true);
  expect(await page.locator('input[name=device][value=auto]').isChecked()).toBe(true);
  expect(await page.locator('#command').textContent()).not.toMatch(/device=/);
  expect(faults).toEqual([]);
});

test('a worker that does not load is explained', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService({ data: join(await temporaryFolder(), 'none') });
  const page = await browser.newPage(SCREENS.light);
  await page.route('**/page/worker.js', (route) => route.abort());
  await page.goto(`${url}/#train`);
  await page.click('#start');
  await page.locator('#state.bad').waitFor({ timeout: 20_000 });
  expect(await page.locator('#state').innerText()).toBe('The worker does not start.');
  const buffer = Buffer.from('weights');
  await page.setInputFiles('#weights-file', {
    name: 'x.safetensors',
    mimeType: 'application/octet-stream',
    buffer,
  });
  const problem = page.locator('#state.bad', { hasText: 'x.safetensors: The worker does not start.' });
  await problem.waitFor({ timeout: 20_000 });
  expect(await page.locator('#start').isEnabled()).toBe(true);
});

test('values that make no sense are explained', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.goto(`${await startServiceWithData()}/#train`);
  await page.fill('input[name=epochs]', '0');
  expect(await page.locator('#problem').innerText()).toBe('Epochs: Too small: expected number to be >=1');
  await page.fill('input[name=epochs]', '2');
  expect(await page.locator('#problem').isHidden()).toBe(true);
  expect(await page.locator('#command').textContent()).toBe(
    'npx tsx src/train.ts configs/mlp.yaml train.epochs=2',
  );
});

test('the view fits every screen', async (context) => {
  const browser = await chromiumOrSkip(context);
  const url = await startServiceWithData();
  for (const [name, size] of Object.entries(SCREENS)) {
    const page = await browser.newPage(size);
    await page.goto(`${url}/#train`);
    await screenshot(page, `train-${name}-empty`);
    await train(page, 'cpu', 2);
    await finished(page);
    await screenshot(page, `train-${name}`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      size.viewport.width,
    );
    await page.close();
  }
}, 120_000);
