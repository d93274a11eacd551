import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';
import { CHROMIUM, CHROMIUM_FLAGS, NO_CHROMIUM } from '../../bench/browser/chromium.ts';
import { enableRelaxedSimd } from '../relaxedSimd.ts';

// Chromium has it, and its results are compared with this process, bit for bit.
enableRelaxedSimd();

/** A camera with a test picture, which the page may use. */
const CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** One for all tests of a process, which takes a second to start. Each page is in a context of its own: it shares nothing. */
let running: Promise<Browser> | undefined;

async function runningBrowser(): Promise<Browser> {
  const browser = await running;
  if (browser?.isConnected()) return browser;
  running = chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS, ...CAMERA] });
  return running;
}

/**
 * A headless Chromium, whose pages are closed after the test; without one the test is skipped, out loud, and fails where
 * WGRAD_REQUIRE_CHROMIUM=1.
 */
export async function chromiumOrSkip(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    if (process.env['WGRAD_REQUIRE_CHROMIUM'] === '1') throw new Error(NO_CHROMIUM);
    console.warn(`The page is not tested: ${NO_CHROMIUM}`);
    return context.skip(NO_CHROMIUM);
  }
  const browser = await runningBrowser();
  onTestFinished(async () => {
    for (const each of browser.contexts()) await each.close();
  });
  return browser;
}

/** Everything that must not happen on the page: errors, failed loads, requests to elsewhere. */
export function watch(page: Page, url: string): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) faults.push(request.url());
  });
  return faults;
}
