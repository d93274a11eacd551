import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { CLASS_NAMES } from '../../src/pipeline/data/images.ts';
import { images } from '../pipeline/training/trainingFixture.ts';
import { addModel, postJson, type Predicted, serveModels, temporaryFolder } from '../serve/fixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { writeDataFolder } from './dataFolder.ts';
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

/** The probabilities that the page shows, in the order of the classes. */
async function shown(page: Page): Promise<number[]> {
  const rows = await page.evaluate<[string, number][]>(
    `[...document.querySelectorAll('#classes li')].map((row) => [row.querySelector('span').textContent, row.querySelector('progress').value])`,
  );
  const byName = new Map(rows);
  return CLASS_NAMES.map((name) => byName.get(name) ?? NaN);
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
      await expect.poll(async () => differs(await shown(page), expected), { timeout: 20_000 }).toBe(false);
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
  const before = await shown(page);
  await page.locator('input[name=gaussian_noise]').fill('5');
  await expect.poll(async () => differs(await shown(page), before), { timeout: 20_000 }).toBe(true);
  const spoiled = await shown(page);
  await page.selectOption('#source', 'server');
  await expect.poll(() => page.locator('#model').innerText(), { timeout: 20_000 }).toMatch(/on the server/);
  expect(differs(await shown(page), spoiled)).toBe(false);
  await page.click('#reset');
  await expect.poll(async () => differs(await shown(page), before), { timeout: 20_000 }).toBe(false);
}, 120_000);

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
