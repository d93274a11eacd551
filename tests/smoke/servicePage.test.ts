import { expect, test } from 'vitest';
import { chromiumOrSkip, watch } from '../browser/browser.ts';
import { startService } from '../serve/fixture.ts';

test('the page can be used with keys alone', async (context) => {
  const browser = await chromiumOrSkip(context);
  const { url } = await startService();
  const page = await browser.newPage();
  const faults = watch(page, url);
  await page.goto(url);
  const first: unknown[] = [];
  for (let at = 0; at < 4; at++) {
    await page.keyboard.press('Tab');
    first.push(await page.evaluate('document.activeElement.id'));
  }
  expect(first).toEqual(['to-recognise', 'to-train', 'to-measure', 'canvas']);
  await page.keyboard.press('Space');
  for (let step = 0; step < 10; step++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await expect.poll(() => page.locator('#classes li').count(), { timeout: 10_000 }).toBe(10);
  await page.keyboard.press('Delete');
  expect(await page.locator('#answer').textContent()).toBe('Nothing drawn yet.');
  expect(await page.locator('#classes li').count()).toBe(0);
  const order: unknown[] = [];
  // Where there are data, the test images come between.
  const focused = `(({ id, className, textContent }) => id || className || textContent)(document.activeElement)`;
  for (let at = 0; at < 40 && order.at(-1) !== 'API'; at++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate<string>(focused);
    if (now !== 'sample') order.push(now);
  }
  expect(order).toEqual(['file', 'camera', 'clear', 'pen', 'source', 'API']);
  expect(faults).toEqual([]);
});
