import { beforeAll, expect, test } from 'vitest';
import { bundleModule } from '../runtimes/bundle.ts';
import { EVERY, LONGEST } from '../runtimes/share.ts';
import type { CaseResults } from '../runtimes/run.ts';
import { ISOLATION, openEmptyPage } from './site.ts';

const PROGRAM = `async (kind) => (await import('/cases.js')).runCases(kind, ${EVERY})`;

let code: string;
beforeAll(async () => {
  code = await bundleModule('tests/runtimes/run.ts');
});

for (const [where, kind, headers, description] of [
  ['a page', 'webgpu', {}, /swiftshader/i],
  ['a page', 'cpu', {}, /^WebAssembly relaxed SIMD on the CPU, one thread$/],
  ['an isolated page', 'cpu', ISOLATION, /^WebAssembly relaxed SIMD on the CPU, \d+ threads$/],
] as const) {
  test(
    `${where} gives the numbers of the gradient table and of PyTorch on ${kind}`,
    { timeout: LONGEST },
    async (context) => {
      const { page, faults } = await openEmptyPage(context, { '/cases.js': code }, headers);
      const { device, passed, failed } = await page.evaluate<CaseResults>(`(${PROGRAM})('${kind}')`);
      console.log(`Chromium, ${where}, ${device}: ${passed} cases passed, ${failed.length} failed`);
      expect(failed).toEqual([]);
      expect(faults).toEqual([]);
      expect(device).toMatch(description);
      expect(passed).toBeGreaterThan(6000 / EVERY);
    },
  );
}
