import { kernelSignature, kernelSource } from '#kernels';
import { compileVariants } from '../../src/pipeline/diagnostics/kernels/compile.ts';
import { openTarget } from '../../src/pipeline/diagnostics/kernels/target.ts';
import { variantsToCompile } from './variants.ts';

/** What compiling kernels gave in a runtime. */
export interface CompileResults {
  /** The adapter, or why there is none. */
  readonly device: string;
  /** Whether it has float16. */
  readonly half: boolean;
  /** Variants that compiled. */
  readonly compiled: number;
  /** Why a kernel was left out, a line each. */
  readonly skipped: readonly string[];
  /** What the compiler said, and which kernels did not compile, a line each. */
  readonly faults: readonly string[];
}

/**
 * Compiles the texts that the library has in this runtime.
 *
 * @param every 1 compiles all variants; otherwise every n-th of each kernel, and at least one
 */
export async function compileKernels(names: readonly string[], every: number): Promise<CompileResults> {
  const target = await openTarget();
  const skipped: string[] = [];
  const faults: string[] = [];
  let total = 0;
  for (const name of names) {
    const choose = variantsToCompile(name);
    const found = await compileVariants(
      { name, source: kernelSource(name), signature: kernelSignature(name) },
      target,
      (variants) => choose(variants).filter((_, index) => index % every === 0),
    );
    faults.push(
      ...found.messages.map(
        ({ place, severity, text, example }) => `${place}: ${severity}: ${text} ${JSON.stringify(example)}`,
      ),
    );
    if (found.skipped !== undefined) skipped.push(`${name}: ${found.skipped}`);
    else if (found.compiled < found.variants) {
      faults.push(`${name}: ${found.compiled} of ${found.variants} variants compiled`);
    }
    total += found.compiled;
  }
  const half = target.device?.features.has('shader-f16') ?? false;
  target.device?.destroy();
  return { device: target.description, half, compiled: total, skipped, faults };
}
