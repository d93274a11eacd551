import { expect } from 'vitest';
import { needsHalf } from '../../src/backend/webgpu/pipelines.ts';
import { launchedVariants } from '../../src/pipeline/diagnostics/kernels/variants.ts';
import { kernelNames, kernelSignature } from '../../src/platform/node/kernels.ts';
import type { CompileResults } from './kernels.ts';
import { EVERY } from './share.ts';
import { variantsToCompile } from './variants.ts';

/** The call of tests/runtimes/kernels.ts in a runtime. */
export const COMPILE: string = `compileKernels(${JSON.stringify(kernelNames())}, ${EVERY})`;

/** Checks that a runtime has compiled all that the files of the kernels offer, but kernels with subgroups on a device without. */
export function expectCompiled(
  runtime: string,
  { device, half, compiled, skipped, faults }: CompileResults,
): void {
  const left = skipped.map((line) => line.replace(': this device has no subgroups', ''));
  const names = kernelNames().filter((name) => !left.includes(name));
  console.log(
    `${runtime}, ${device}: ${compiled} variants of ${names.length} kernels compiled, ` +
      `${half ? 'with' : 'without'} float16${left.length > 0 ? `; no subgroups for ${left.join(', ')}` : ''}`,
  );
  expect(faults).toEqual([]);
  expect([0, 5]).toContain(left.length);
  expect(names).toHaveLength(kernelNames().length - left.length);
  const wanted = names.flatMap((name) => {
    const launched = launchedVariants(name, kernelSignature(name)).filter((each) => half || !needsHalf(each));
    return variantsToCompile(name)(launched).filter((_, index) => index % EVERY === 0);
  });
  expect(compiled).toBe(wanted.length);
}
