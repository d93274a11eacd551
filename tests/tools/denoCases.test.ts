import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { bundleModule } from '../runtimes/bundle.ts';
import type { CaseResults } from '../runtimes/run.ts';
import { EVERY, LONGEST } from '../runtimes/share.ts';
import { run, succeed } from './installedPackage.ts';
import { runtimeOrSkip } from './runtimes.ts';

const PROGRAM = `import { runCases } from './cases.js';
console.log(JSON.stringify(await runCases(Deno.args[0], ${EVERY})));`;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-deno-'));
  writeFileSync(join(folder, 'cases.js'), await bundleModule('tests/runtimes/run.ts'));
  writeFileSync(join(folder, 'program.js'), PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.for(['webgpu', 'cpu'])(
  'Deno gives the numbers of the gradient table and of PyTorch on %s',
  { timeout: LONGEST },
  async (kind, context) => {
    const deno = runtimeOrSkip(context, 'deno');
    if (kind === 'webgpu') await webgpuOrSkip(context);
    const printed = await succeed(run(deno, ['run', '--no-prompt', 'program.js', kind], folder, LONGEST));
    const { device, passed, failed } = JSON.parse(printed) as CaseResults;
    console.log(`Deno, ${device}: ${passed} cases passed, ${failed.length} failed`);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(6000 / EVERY);
  },
);
