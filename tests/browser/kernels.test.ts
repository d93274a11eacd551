import { expect, test } from 'vitest';
import { bundleModule } from '../runtimes/bundle.ts';
import { COMPILE, expectCompiled } from '../runtimes/compiled.ts';
import type { CompileResults } from '../runtimes/kernels.ts';
import { LONGEST } from '../runtimes/share.ts';
import { openEmptyPage } from './site.ts';

test('every variant of every kernel compiles, without a word', { timeout: LONGEST }, async (context) => {
  const code = await bundleModule('tests/runtimes/kernels.ts');
  const { page, faults } = await openEmptyPage(context, { '/kernels.js': code });
  const results = await page.evaluate<CompileResults>(
    `import('/kernels.js').then(({ compileKernels }) => ${COMPILE})`,
  );
  expect(results.device).toMatch(/swiftshader/i);
  expectCompiled('Chromium', results);
  expect(faults).toEqual([]);
});
