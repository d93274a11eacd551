import { afterAll, expect, test, type TestContext } from 'vitest';
import { inspectKernel } from '../../../../src/pipeline/diagnostics/kernels/inspection.ts';
import { kernelNames, kernelSource } from '../../../../src/platform/node/kernels.ts';
import { checkKernel } from '../../../../src/pipeline/diagnostics/kernels/check.ts';
import type { KernelCheck } from '../../../../src/pipeline/diagnostics/kernels/compile.ts';
import { type KernelTarget, openTarget } from '../../../../src/pipeline/diagnostics/kernels/target.ts';
import { webgpuOrSkip } from '../../../adapter.ts';
import { EVERY_PIPELINE } from '../../../runtimes/share.ts';
import { variantsToCompile } from '../../../runtimes/variants.ts';

let opened: Promise<KernelTarget> | undefined;

async function target(context: TestContext): Promise<KernelTarget> {
  await webgpuOrSkip(context);
  return (opened ??= openTarget());
}

afterAll(async () => (await opened)?.device?.destroy());

/** In milliseconds. */
const LONGEST = 240_000;

for (const name of kernelNames()) {
  const all = variantsToCompile(name);
  const some = name.endsWith('Workgroup') ? 'variants with every value' : 'every variant';
  test(
    `${name} compiles in ${EVERY_PIPELINE === 1 ? some : 'some variants'}, without a word`,
    { timeout: LONGEST },
    async (context) => {
      const found = await checkKernel(name, await target(context), undefined, (variants) =>
        all(variants).filter((_, index) => index % EVERY_PIPELINE === 0),
      );
      expect(found).toMatchObject({ kernel: name, messages: [] });
      // Devices without subgroups take other kernels; there is no other reason to leave one out.
      const { features } = inspectKernel(name, kernelSource(name));
      const lacks =
        features.includes('subgroups') && !(await target(context)).device!.features.has('subgroups');
      expect(found.skipped).toBe(lacks ? 'this device has no subgroups' : undefined);
      if (!lacks) expect(found.compiled).toBe(found.variants);
    },
  );
}

/** What is said of softmax with a part of its text replaced. */
async function checkBroken(context: TestContext, part: string, replacement: string): Promise<KernelCheck> {
  const source = kernelSource('softmax');
  expect(source).toContain(part);
  return checkKernel('softmax', await target(context), source.replace(part, replacement));
}

/** The line of the file that holds a text. */
function lineOf(part: string): number {
  return (
    kernelSource('softmax')
      .split('\n')
      .findIndex((line) => line.includes(part)) + 1
  );
}

test('a mistake is reported once, with its line, for all the variants that share it', async (context) => {
  const { messages, compiled, variants } = await checkBroken(context, 'params.inner;', 'params.iner;');
  expect(compiled).toBe(0);
  const [message] = messages;
  expect(messages).toHaveLength(1);
  expect(message).toMatchObject({ severity: 'error', variants, example: { LANES: 1, ROWS: 64 } });
  expect(message!.place).toMatch(RegExp(`^kernels/softmax\\.wgsl:${lineOf('params.inner;')}:\\d+$`));
  expect(message!.text).toContain('iner');
});

test('a mistake that only some overrides bring about is reported for those', async (context) => {
  const { messages, compiled, variants } = await checkBroken(
    context,
    'partials[slot] = total;',
    'partials[slot] = total / f32(8u / (LANES - 8u));',
  );
  const [first] = messages;
  expect(first).toMatchObject({ severity: 'error', variants: 2, example: { LANES: 8, ROWS: 32 } });
  expect(first!.text).toContain('8 / 0');
  expect(compiled).toBe(variants - 2);
});

test("the driver's complaint about what is beyond the device is reported", async (context) => {
  const { messages, compiled } = await checkBroken(context, 'LANES * ROWS>', 'LANES * ROWS * 1000u>');
  expect(compiled).toBe(0);
  expect(messages[0]!.text).toMatch(/workgroup storage \(256000 bytes\) is larger/);
});

test('codes that differ from signatures.ts are reported', async (context) => {
  const source = kernelSource('unary').replace('const EXP = 2u;', 'const EXP = 77u;');
  const { messages } = await checkKernel('unary', await target(context), source);
  expect(messages[0]!.text).toMatch(/EXP is 77.*npm run signatures/);
});
