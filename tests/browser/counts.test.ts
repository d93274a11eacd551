import { expect, test } from 'vitest';
import type { countSteps } from '../../bench/counts.ts';
import { readBaseline } from '../../bench/countsBaseline.ts';
import { bundleModule } from '../runtimes/bundle.ts';
import { LONGEST } from '../runtimes/share.ts';
import { openEmptyPage } from './site.ts';

test(
  'a captured step launches, creates and moves in Chromium what it does in Node',
  { timeout: LONGEST },
  async (context) => {
    const code = await bundleModule('bench/counts.ts');
    const { page, faults } = await openEmptyPage(context, { '/counts.js': code });
    const { adapter, counts } = await page.evaluate<Awaited<ReturnType<typeof countSteps>>>(
      `(async () => (await import('/counts.js')).countSteps())()`,
    );
    expect(adapter).toMatch(/^swiftshader/);
    expect(counts).toEqual((await readBaseline('bench/counts.json'))[adapter]);
    expect(faults).toEqual([]);
  },
);
