import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { bundleModule } from '../runtimes/bundle.ts';
import { COMPILE, expectCompiled } from '../runtimes/compiled.ts';
import type { CompileResults } from '../runtimes/kernels.ts';
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

test('Deno compiles every variant of every kernel', { timeout: LONGEST }, async (context) => {
  const deno = runtimeOrSkip(context, 'deno');
  await webgpuOrSkip(context);
  writeFileSync(join(folder, 'kernels.js'), await bundleModule('tests/runtimes/kernels.ts'));
  writeFileSync(
    join(folder, 'compile.js'),
    `import { compileKernels } from './kernels.js';\nconsole.log(JSON.stringify(await ${COMPILE}));`,
  );
  const printed = await succeed(run(deno, ['run', '--no-prompt', 'compile.js'], folder, LONGEST));
  expectCompiled('Deno', JSON.parse(printed) as CompileResults);
});
