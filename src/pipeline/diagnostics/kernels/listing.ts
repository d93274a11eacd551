import { kernelSource } from '../../../platform/node/kernels.ts';
import { inspectKernel, type KernelFacts, readSignature } from './inspection.ts';
import { type KernelTarget, problemsOn } from './target.ts';
import { launchedVariants } from './variants.ts';

/** A kernel's facts, and whether it runs on a device. */
export interface KernelListing extends KernelFacts {
  /** How parameters reach the kernel on this device. */
  paramsBy: 'immediates' | 'uniform ring';
  /** Variants that the library launches. */
  variants: number;
  /** What keeps the kernel from this device; empty if it runs. */
  problems: string[];
}

/** @throws KernelError for a file that is no kernel */
export function listKernel(
  name: string,
  target: KernelTarget,
  source: string = kernelSource(name),
): KernelListing {
  const facts = inspectKernel(name, source);
  return {
    ...facts,
    paramsBy: facts.paramsSize <= target.immediateLimit ? 'immediates' : 'uniform ring',
    variants: launchedVariants(name, readSignature(name, source)).length,
    problems: problemsOn(target, facts),
  };
}
