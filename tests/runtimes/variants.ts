import type { ChooseVariants } from '../../src/pipeline/diagnostics/kernels/compile.ts';
import type { KnobValues } from '../../src/pipeline/diagnostics/kernels/variants.ts';

/**
 * The variants of a kernel that tests compile: all of them. Of a kernel with blocks in workgroup memory, those with a value
 * that none before them has: SwiftShader takes four seconds for each, and combinations would make dozens of them.
 */
export function variantsToCompile(kernel: string): ChooseVariants {
  return kernel.endsWith('Workgroup') ? eachValueOnce : (variants) => variants;
}

function eachValueOnce(variants: KnobValues[]): KnobValues[] {
  const seen = new Set<string>();
  return variants.filter((variant) => {
    const values = Object.entries(variant).map(([knob, value]) => `${knob}=${value}`);
    const fresh = values.filter((each) => !seen.has(each));
    for (const each of fresh) seen.add(each);
    return fresh.length > 0;
  });
}
