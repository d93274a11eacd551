import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { chromiumOrSkip, watch } from './browser.ts';
import { startService } from '../serve/fixture.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

async function draw(page: Page): Promise<void> {
  const box = (await page.locator('#canvas').boundingBox())!;
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.3, 0.2));
  await page.mouse.down();
  for (const [x, y] of [
    [0.3, 0.85],
    [0.7, 0.85],
    [0.7, 0.2],
    [0.12, 0.42],
    [0.5, 0.3],
    [0.88, 0.42],
  ] as const) {
    await page.mouse.move(...at(x, y), { steps: 4 });
  }
  await page.mouse.up();
}

async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

test('a drawing, keys and a picture are classified, in the light, in the dark and on a phone', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService();
  for (const [name, options] of Object.entries({
    light: { viewport: { width: 1100, height: 800 } },
    dark: { viewport: { width: 1100, height: 800 }, colorScheme: 'dark' },
    phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  } as const)) {
    const page = await browser.newPage(options);
    const faults = watch(page, url);
    await page.goto(url);
    await screenshot(page, `${name}-empty`);
    await draw(page);
    await expect.poll(() => page.locator('#classes li').count(), { timeout: 10_000 }).toBe(10);
    expect(await page.locator('#answer').textContent()).toMatch(/^[A-Z].*, \d+\.\d %$/);
    expect(await page.locator('#model').textContent()).toMatch(
      /^Model test, version 1, in this browser \(WebAssembly\), [\d.]+ ms$/,
    );
    await screenshot(page, name);
    // Nothing is wider than the screen, and what is to be touched is large enough.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      options.viewport.width,
    );
    for (const target of [page.locator('label[for=file]'), page.locator('#clear')]) {
      expect((await target.boundingBox())!.height).toBeGreaterThanOrEqual(44);
    }
    expect(faults).toEqual([]);
    await page.close();
  }
});

test('a chosen picture is classified; a damaged one is explained', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService();
  const page = await browser.newPage();
  await page.goto(url);
  const shirt = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#fff' } })
    .composite([{ input: { create: { width: 90, height: 120, channels: 3, background: '#224' } } }])
    .jpeg()
    .toBuffer();
  await page.setInputFiles('#file', { name: 'shirt.jpg', mimeType: 'image/jpeg', buffer: shirt });
  await expect.poll(() => page.locator('#classes li').count(), { timeout: 10_000 }).toBe(10);
  await page.setInputFiles('#file', { name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('hello') });
  await expect.poll(() => page.locator('#answer').textContent()).toMatch(/cannot read that picture/);
});

test('where a key is asked for, the page asks for it', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService({ apiKey: 'open sesame' });
  const page = await browser.newPage();
  await page.goto(url);
  await draw(page);
  // No request can send it.
  await page.fill('#key', 'öffne 🚪');
  await page.press('#key', 'Enter');
  expect(await page.evaluate('document.querySelector("#key").validationMessage')).toMatch(/^A key has no/);
  expect(await page.locator('#key-form').isVisible()).toBe(true);
  await page.fill('#key', 'open sesame');
  await page.press('#key', 'Enter');
  await expect.poll(() => page.locator('#classes li').count(), { timeout: 10_000 }).toBe(10);
  expect(await page.locator('#key-form').isHidden()).toBe(true);
});

test('the documentation page shows the routes, and loads nothing from elsewhere', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService();
  const page = await browser.newPage();
  const faults = watch(page, url);
  // Swagger UI is 1.5 MB of script: a busy machine needs its time.
  await page.goto(`${url}/docs/`, { timeout: 90_000 });
  await page.locator('text=/predict').first().waitFor({ timeout: 20_000 });
  await screenshot(page, 'docs');
  expect(faults).toEqual([]);
}, 120_000);
