import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';

const CHROMIUM = process.env['WGRAD_CHROMIUM'] ?? '/usr/bin/chromium';

/** A headless Chromium; without one the test is skipped, out loud, and in CI it fails. */
export async function chromiumOrSkip(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    const reason = `no Chromium at ${CHROMIUM}: apt-get install chromium, or set WGRAD_CHROMIUM`;
    if (process.env['CI']) throw new Error(reason);
    console.warn(`The page is not tested: ${reason}`);
    return context.skip(reason);
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  return browser;
}
