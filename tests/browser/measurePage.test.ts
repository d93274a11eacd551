import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { startService } from '../serve/fixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { SCREENS } from './screens.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

async function openPage(
  browser: Browser,
  { before }: { before?: string } = {},
): Promise<{ page: Page; faults: string[] }> {
  const { url } = await startService();
  const context = await browser.newContext({
    ...SCREENS.light,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  if (before !== undefined) await page.addInitScript(before);
  const faults = watch(page, url);
  await page.goto(`${url}/#measure`);
  // The hint comes when the page knows whether there is WebGPU.
  await page.locator('#measure-webgpu', { hasText: /./ }).waitFor();
  return { page, faults };
}

async function measure(page: Page, device: 'both' | 'webgpu' | 'cpu'): Promise<void> {
  await page.locator(`input[name=measured][value=${device}]`).check();
  await page.click('#measure-run');
  await page.locator('#copy').waitFor({ timeout: 150_000 });
}

/**
 * Waits until the first product is measured. Not for the message of the second: that is shown for less than a second,
 * and Playwright looks every half second.
 */
async function firstMeasured(page: Page): Promise<void> {
  await page.locator('#measurements tbody tr', { hasText: 'GFLOP' }).first().waitFor({ timeout: 60_000 });
}

const FIGURES = `[...document.querySelectorAll('#measurements tbody tr')].map((row) =>
  [...row.querySelectorAll('td')].map((cell) => [...cell.querySelectorAll('strong, span')].map((part) => part.textContent).join(', ')))`;

/** The rows of the table: the figures of each device. */
function figures(page: Page): Promise<string[][]> {
  return page.evaluate(FIGURES);
}

/** The numbers of a cell: GFLOP/s and ms, or ms and samples/s. */
function numbersIn(cell: string): number[] {
  return cell.split(', ').map((part) => Number(/^[\d.,]+/.exec(part)![0].replaceAll(',', '')));
}

/** All views of a result: wide and narrow, light and dark. */
async function expectToFit(page: Page, name: string): Promise<void> {
  for (const [screen, options] of Object.entries(SCREENS)) {
    await page.setViewportSize(options.viewport);
    await page.emulateMedia({ colorScheme: 'colorScheme' in options ? options.colorScheme : 'light' });
    expect(await page.evaluate('document.documentElement.scrollWidth'), screen).toBeLessThanOrEqual(
      options.viewport.width,
    );
    if (!SCREENSHOTS) continue;
    await page.screenshot({ path: join(SCREENSHOTS, `measure-${screen}-${name}.png`), fullPage: true });
  }
  await page.setViewportSize(SCREENS.light.viewport);
}

test('the page measures products and training steps on both devices, and copies the result', async (context) => {
  const { page, faults } = await openPage(await chromiumOrSkip(context));
  await expectToFit(page, 'empty');
  await measure(page, 'both');
  expect(await page.locator('#measure-state').innerText()).toMatch(/^Measured in [\d:]+ (s|min)\.$/);
  const rows = await figures(page);
  expect(rows).toHaveLength(5);
  rows.forEach((cells, at) => {
    const pattern = at < 3 ? /^[\d.,]+ GFLOP\/s, [\d.,]+ ms$/ : /^[\d.,]+ ms, [\d.,]+ samples\/s$/;
    expect(cells, `row ${at}`).toEqual([expect.stringMatching(pattern), expect.stringMatching(pattern)]);
    for (const cell of cells) for (const number of numbersIn(cell)) expect(number, cell).toBeGreaterThan(0);
  });
  // The two figures of a cell are of one time: 2n³ operations, batches of 128 and 64 images.
  const work = [(2 * 256 ** 3) / 1e6, (2 * 512 ** 3) / 1e6, (2 * 1024 ** 3) / 1e6, 128_000, 64_000];
  rows.flatMap((cells, at) =>
    cells.map((cell) => {
      const [first, second] = numbersIn(cell) as [number, number];
      // Each has three digits.
      expect(Math.abs((first * second) / work[at]! - 1), cell).toBeLessThan(0.011);
    }),
  );
  // A bar for each, next to the other device's; one device has nothing to be compared with.
  expect(await page.locator('#measurements .speed').count()).toBe(10);
  await page.click('#copy');
  await page.locator('#copied', { hasText: 'Copied.' }).waitFor();
  const copied = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(copied.split('\n').slice(0, 7)).toEqual([
    '| Benchmark | WebGPU | CPU |',
    '| --- | ---: | ---: |',
    ...[
      'Matrix product, 256 × 256',
      'Matrix product, 512 × 512',
      'Matrix product, 1024 × 1024',
      'MLP training step, batch of 128',
      'CNN training step, batch of 64',
    ].map((title, at) => `| ${[title, ...rows[at]!].join(' | ')} |`),
  ]);
  expect(copied).toMatch(/^- WebGPU: google swiftshader$/m);
  expect(copied).toMatch(/^- CPU: WebAssembly relaxed SIMD on the CPU, /m);
  expect(copied).toMatch(/^- Processors: \d+$/m);
  expect(copied).toMatch(/^- Browser: Mozilla\/5\.0 .*Chrome/m);
  await expectToFit(page, 'both');
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  expect(faults).toEqual([]);
}, 240_000);

test('stop ends a measurement, by keys, and the next one begins from the start', async (context) => {
  const { page } = await openPage(await chromiumOrSkip(context));
  await page.locator('input[name=measured][value=cpu]').check();
  await page.locator('#measure-run').press('Enter');
  await firstMeasured(page);
  expect(await page.locator('#measure-run').innerText()).toBe('Stop');
  expect(await page.locator('input[name=measured][value=cpu]').isDisabled()).toBe(true);
  await expectToFit(page, 'running');
  await page.locator('#measure-run').press('Enter');
  await page.locator('#measure-state', { hasText: 'Stopped.' }).waitFor();
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  const rows = await figures(page);
  expect(rows[0]![0]).toMatch(/GFLOP/);
  expect(rows.at(-1)).toEqual(['–']);
  expect(await page.locator('#measure-run').innerText()).toBe('Measure');
  expect(await page.evaluate('document.activeElement.id')).toBe('measure-run');
  // In one call: the first figure comes within a second.
  expect(await page.evaluate(`document.querySelector('#measure-run').click(), ${FIGURES}`)).toEqual(
    Array.from({ length: 5 }, () => ['–']),
  );
});

test('an adapter that is known late leaves the figures of a measurement', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService();
  const page = await browser.newPage(SCREENS.light);
  await page.addInitScript(`Object.defineProperty(navigator, 'gpu', {
    value: { requestAdapter: () => new Promise((resolve) => (window.answer = () => resolve(null))) },
  })`);
  await page.goto(`${url}/#measure`);
  await page.locator('input[name=measured][value=cpu]').check();
  await page.click('#measure-run');
  await firstMeasured(page);
  await page.evaluate('answer()');
  await page.locator('#measure-webgpu', { hasText: /./ }).waitFor();
  await page.click('#measure-run');
  await page.locator('#measure-state', { hasText: 'Stopped.' }).waitFor();
  expect((await figures(page))[0]![0]).toMatch(/GFLOP/);
});

test('where WebGPU and the clipboard are missing, the page says so and measures the CPU', async (context) => {
  const missing = `for (const name of ['gpu', 'clipboard']) Object.defineProperty(navigator, name, { value: undefined });`;
  const { page, faults } = await openPage(await chromiumOrSkip(context), { before: missing });
  expect(await page.locator('#measure-webgpu').innerText()).toMatch(/^This browser has no WebGPU\./);
  for (const value of ['both', 'webgpu']) {
    expect(await page.locator(`input[name=measured][value=${value}]`).isDisabled()).toBe(true);
  }
  await measure(page, 'cpu');
  expect(await page.locator('#measurements .speed').count()).toBe(0);
  // The end of a measurement leaves them as they were.
  expect(await page.locator('input[name=measured][value=both]').isDisabled()).toBe(true);
  await page.click('#copy');
  expect(await page.locator('#copied').innerText()).toMatch(/Copy the text below/);
  const selected = await page.evaluate<string>('getSelection().toString()');
  expect(selected).toMatch(/^\| Benchmark \| CPU \|\n/);
  expect(selected).toMatch(/^\| CNN training step, batch of 64 \| [\d.]+ ms, [\d.,]+ samples\/s \|$/m);
  await expectToFit(page, 'cpu');
  expect(faults).toEqual([]);
}, 120_000);
