import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';

const CHROMIUM =
  process.env['WGRAD_CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path)) ??
  '/usr/bin/chromium';

/** WebGPU on SwiftShader, which Chromium comes with: it needs no GPU. */
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** A headless Chromium; without one the test is skipped, out loud, and fails where WGRAD_REQUIRE_CHROMIUM=1. */
export async function chromiumOrSkip(context: Pick<TestContext, 'skip'>): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    const reason = `no Chromium at ${CHROMIUM}: apt-get install chromium, or set WGRAD_CHROMIUM`;
    if (process.env['WGRAD_REQUIRE_CHROMIUM'] === '1') throw new Error(reason);
    console.warn(`The page is not tested: ${reason}`);
    return context.skip(reason);
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...WEBGPU] });
  onTestFinished(() => browser.close());
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
