import { expect, test } from 'vitest';
import { bundleModule } from '../runtimes/bundle.ts';
import { COMPILE, expectCompiled } from '../runtimes/compiled.ts';
import type { CompileResults } from '../runtimes/kernels.ts';
import { LONGEST } from '../runtimes/share.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { startSite } from './site.ts';

test('every variant of every kernel compiles, without a word', { timeout: LONGEST }, async (context) => {
  const browser = await chromiumOrSkip(context);
  const url = await startSite({
    '/': '<!doctype html><link rel="icon" href="data:,">',
    '/kernels.js': await bundleModule('tests/runtimes/kernels.ts'),
  });
  const page = await browser.newPage();
  const faults = watch(page, url);
  await page.goto(url);
  const results = await page.evaluate<CompileResults>(
    `import('/kernels.js').then(({ compileKernels }) => ${COMPILE})`,
  );
  expect(results.device).toMatch(/swiftshader/i);
  expectCompiled('Chromium', results);
  expect(faults).toEqual([]);
});
