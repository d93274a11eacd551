import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { CLASS_NAMES } from '../../src/pipeline/data/images.ts';
import { images } from '../pipeline/training/trainingFixture.ts';
import { addModel, postJson, type Predicted, serveModels, temporaryFolder } from '../serve/fixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { writeDataFolder } from './dataFolder.ts';
import { shownProbabilities } from './pageParts.ts';
import { SCREENS } from './screens.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

const set = images(100, 1);

async function startServiceWithSamples(architecture: 'mlp' | 'cnn'): Promise<string> {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1, architecture);
  const data = await writeDataFolder(join(root, 'raw'), set, set);
  return (await serveModels({ root }, [undefined], { data })).url;
}

function differs(actual: readonly number[], expected: readonly number[]): boolean {
  return actual.some((value, at) => !(Math.abs(value - expected[at]!) < 1e-5));
}

test.for(['mlp', 'cnn'] as const)(
  'the %s in the browser classifies as the service does',
  { timeout: 120_000 },
  async (architecture, context) => {
    const browser = await chromiumOrSkip(context);
    const url = await startServiceWithSamples(architecture);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const faults = watch(page, url);
    await page.goto(url);
    const samples = page.locator('.sample');
    await samples.first().waitFor({ timeout: 20_000 });
    expect(await samples.count()).toBe(20);
    for (let at = 0; at < 20; at++) {
      // The samples are two of each class, and the classes take turns in the set.
      const row = Math.floor(at / 2) + 10 * (at % 2);
      const pixels = [...set.images.subarray(row * 784, (row + 1) * 784)];
      const { body } = await postJson(`${url}/predict`, { pixels, scale: 255 });
      const { probabilities } = (body as Predicted).predictions[0]!;
      const expected = CLASS_NAMES.map((name) => probabilities[name]!);
      await samples.nth(at).click();
      await expect
        .poll(async () => differs(await shownProbabilities(page), expected), { timeout: 20_000 })
        .toBe(false);
    }
    expect(await page.locator('#model').innerText()).toMatch(
      /^Model test, version 1, in this browser \(WebAssembly\), [\d.]+ ms$/,
    );
    expect(await page.locator('#activations canvas').count()).toBe(architecture === 'cnn' ? 4 : 1);
    expect(faults).toEqual([]);
  },
);

test('a slider spoils the image at once, in the browser and on the server', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(await startServiceWithSamples('cnn'));
  await page.locator('.sample').first().click();
  await page.locator('#closer').waitFor({ timeout: 20_000 });
  const before = await shownProbabilities(page);
  await page.locator('input[name=gaussian_noise]').fill('5');
  await expect
    .poll(async () => differs(await shownProbabilities(page), before), { timeout: 20_000 })
    .toBe(true);
  const spoiled = await shownProbabilities(page);
  await page.selectOption('#source', 'server');
  await expect.poll(() => page.locator('#model').innerText(), { timeout: 20_000 }).toMatch(/on the server/);
  expect(differs(await shownProbabilities(page), spoiled)).toBe(false);
  await page.click('#reset');
  await expect
    .poll(async () => differs(await shownProbabilities(page), before), { timeout: 20_000 })
    .toBe(false);
}, 120_000);

test('the camera replaces what was there, and its picture is classified', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.goto(await startServiceWithSamples('cnn'));
  await page.setInputFiles('#file', { name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('hello') });
  await page.locator('#answer.bad').waitFor();
  await page.click('#camera');
  await page.locator('#video').waitFor({ timeout: 20_000 });
  expect(await page.locator('#answer').innerText()).toBe('Nothing drawn yet.');
  expect(await page.locator('#canvas').isHidden()).toBe(true);
  await page.locator('#camera', { hasText: 'Take the picture' }).click();
  await page.locator('#classes li').nth(9).waitFor({ timeout: 20_000 });
  expect(await page.locator('#video').isHidden()).toBe(true);
  expect(await page.locator('#camera').innerText()).toBe('Camera');
  expect(await page.evaluate('document.querySelector("#video").srcObject.active')).toBe(false);
});

/** Holds the pictures and cameras that the page asks for in its `held`, until the test releases them. */
const HOLD = `
  window.held = [];
  const hold = (owner, name) => {
    const native = owner[name].bind(owner);
    owner[name] = (...values) => {
      const { promise, resolve } = Promise.withResolvers();
      held.push(resolve);
      return promise.then(() => native(...values)).then((value) => {
        (window.given ??= []).push(value);
        return value;
      });
    };
  };`;

test.for([
  ['a second click', "document.querySelector('#camera').click()", 2],
  ['Clear', "document.querySelector('#clear').click()", 1],
  ['another view', "location.hash = 'train'", 1],
] as const)('%s lets no camera run that opens late', async ([, action, cameras], context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(`${HOLD} hold(navigator.mediaDevices, 'getUserMedia');`);
  await page.goto(await startServiceWithSamples('mlp'));
  await page.click('#camera');
  await page.evaluate(action);
  if (action.startsWith('location')) await page.locator('#train').waitFor();
  await page.evaluate('held.forEach((release) => release())');
  await expect.poll(() => page.evaluate('window.given?.length'), { timeout: 20_000 }).toBe(cameras);
  if (cameras === 2) {
    await page.locator('#video').waitFor({ timeout: 20_000 });
    await page.click('#clear');
  }
  await page.evaluate('new Promise((resolve) => setTimeout(resolve))');
  expect(await page.evaluate('given.some(({ active }) => active)')).toBe(false);
  expect(await page.locator('#video').isHidden()).toBe(true);
});

test('a view that is left stops its camera', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.goto(await startServiceWithSamples('mlp'));
  await page.click('#camera');
  await page.locator('#video').waitFor({ timeout: 20_000 });
  await page.click('#to-train');
  await page.locator('#train').waitFor();
  expect(await page.evaluate('document.querySelector("#video").srcObject.active')).toBe(false);
});

test('a picture that is decoded late replaces no later one', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(`${HOLD} hold(window, 'createImageBitmap');`);
  await page.goto(await startServiceWithSamples('mlp'));
  const choose = async (colour: string): Promise<void> => {
    const picture = await page.evaluate<string>(`(() => {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d').fillStyle = '${colour}';
      canvas.getContext('2d').fillRect(0, 0, 300, 150);
      return canvas.toDataURL('image/png').split(',')[1];
    })()`);
    const buffer = Buffer.from(picture, 'base64');
    await page.setInputFiles('#file', { name: `${colour}.png`, mimeType: 'image/png', buffer });
  };
  const release = async (at: number): Promise<void> => {
    await page.evaluate(`held[${at}]()`);
    await expect.poll(() => page.evaluate('window.given?.length')).toBe(at === 1 ? 1 : 2);
    await page.evaluate('new Promise((resolve) => setTimeout(resolve))');
  };
  const middle = (): Promise<number[]> =>
    page.evaluate(
      `(() => { const canvas = document.querySelector('#canvas'); return [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]; })()`,
    );
  await choose('red');
  await choose('blue');
  await release(1);
  expect(await middle()).toEqual([0, 0, 255, 255]);
  await page.click('#clear');
  await release(0);
  expect(await middle()).toEqual([255, 255, 255, 255]);
  expect(await page.locator('#answer').innerText()).toBe('Nothing drawn yet.');
});

test('Clear right after a stroke leaves nothing to classify', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(`
    window.drawn = 0;
    const toBlob = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (done, type) {
      toBlob.call(this, (blob) => { done(blob); window.drawn++; }, type);
    };`);
  await page.goto(await startServiceWithSamples('mlp'));
  await page.evaluate(`
    for (const key of [' ', 'ArrowLeft', ' ', 'Delete'])
      document.querySelector('#canvas').dispatchEvent(new KeyboardEvent('keydown', { key }));`);
  await expect.poll(() => page.evaluate('drawn')).toBe(1);
  // As long as the view waits before it says that it asks a model.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 300))');
  await expectNothingShown(page);
});

/** Counts what the page's workers have classified, in the page's `classified`. */
const COUNT_ANSWERS = `
  window.classified = 0;
  const NativeWorker = window.Worker;
  window.Worker = class extends NativeWorker {
    constructor(...values) {
      super(...values);
      this.addEventListener('message', ({ data }) => { if (data.kind === 'classified') window.classified++; });
    }
  };`;

async function expectNothingShown(page: Page): Promise<void> {
  // A task of its own, so that everything has happened that follows from what has arrived.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve))');
  expect(await page.locator('#answer').innerText()).toBe('Nothing drawn yet.');
  expect(await page.locator('#classes li').count()).toBe(0);
  expect(await page.locator('#model').textContent()).toBe('');
  expect(await page.locator('#closer').isHidden()).toBe(true);
}

test('Clear makes the answer of a worker worthless that is on its way', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(COUNT_ANSWERS);
  await page.goto(await startServiceWithSamples('cnn'));
  await page.locator('.sample').first().click();
  await page.locator('#closer').waitFor({ timeout: 20_000 });
  expect(await page.evaluate('classified')).toBe(1);
  // In one task, so that the answer cannot come in between; the worker is asked before its microtasks end.
  await page.evaluate(`(async () => {
    document.querySelectorAll('.sample')[1].click();
    for (let turn = 0; turn < 100; turn++) await undefined;
    document.querySelector('#clear').click();
  })()`);
  await expect.poll(() => page.evaluate('classified'), { timeout: 20_000 }).toBe(2);
  await expectNothingShown(page);
});

test('Clear aborts the request to the service, whose late answer changes nothing', async (context) => {
  const browser = await chromiumOrSkip(context);
  const url = await startServiceWithSamples('mlp');
  const page = await browser.newPage(SCREENS.light);
  let release = (): void => undefined;
  await page.route('**/predict', async (route) => {
    await new Promise<void>((resolve) => (release = resolve));
    // The page has aborted it.
    await route.continue().catch(() => undefined);
  });
  await page.goto(url);
  await page.selectOption('#source', 'server');
  const requested = page.waitForRequest('**/predict');
  await page.locator('.sample').first().click();
  const request = await requested;
  const ended = page.waitForEvent('requestfailed', { predicate: (failed) => failed === request });
  await page.click('#clear');
  expect((await ended).failure()?.errorText).toBe('net::ERR_ABORTED');
  release();
  expect(await page.evaluate(`fetch('/health/live').then(({ status }) => status)`)).toBe(200);
  await expectNothingShown(page);
});

test('Clear while the model is on its way leaves nothing to classify', async (context) => {
  const browser = await chromiumOrSkip(context);
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(COUNT_ANSWERS);
  let release = (): void => undefined;
  const isHeld = new Promise<void>((held) => {
    void page.route('**/model', async (route) => {
      held();
      await new Promise<void>((resolve) => (release = resolve));
      await route.continue();
    });
  });
  await page.goto(await startServiceWithSamples('mlp'));
  await page.locator('.sample').first().click();
  await isHeld;
  await page.click('#clear');
  // As long as the view waits before it says so: its timer was started before this one.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 300))');
  await expectNothingShown(page);
  const arrived = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/model'));
  release();
  await arrived;
  await expectNothingShown(page);
  // The next image is the first that is classified.
  await page.locator('.sample').nth(1).click();
  await page.locator('#closer').waitFor({ timeout: 20_000 });
  expect(await page.evaluate('classified')).toBe(1);
});

test('the view fits every screen', async (context) => {
  const browser = await chromiumOrSkip(context);
  const url = await startServiceWithSamples('cnn');
  for (const [name, options] of Object.entries(SCREENS)) {
    const page = await browser.newPage(options);
    await page.goto(url);
    await page.locator('.sample').nth(3).click();
    await page.locator('#closer').waitFor({ timeout: 20_000 });
    if (SCREENSHOTS)
      await page.screenshot({ path: join(SCREENSHOTS, `recognise-${name}.png`), fullPage: true });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      options.viewport.width,
    );
    await page.close();
  }
}, 120_000);
