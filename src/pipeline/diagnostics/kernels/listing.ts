import { beyondLimits, footprint, inspectKernel, type KernelFacts, readSignature } from './inspection.ts';
import { kernelSource } from '../../../platform/node/kernels.ts';
import { type KernelTarget, lackingFeatures } from './target.ts';
import { launchedVariants } from './variants.ts';

/** A kernel's facts, and how they stand to a device. */
export interface KernelListing extends KernelFacts {
  /** How parameters reach the kernel on this device. */
  paramsBy: 'immediates' | 'uniform ring';
  /** Variants that the library launches, and the most that any of them takes of a device. */
  variants: number;
  invocations: number;
  workgroupMemory: number;
  /** What keeps the kernel from this device; empty where it runs. */
  problems: string[];
}

/** @throws KernelError for a file that is no kernel */
export function listKernel(
  name: string,
  target: KernelTarget,
  source: string = kernelSource(name),
): KernelListing {
  const facts = inspectKernel(name, source);
  const variants = launchedVariants(name, readSignature(name, source));
  const footprints = variants.map((variant) => footprint(name, source, variant));
  const problems = footprints.flatMap((each) => beyondLimits(facts, each, target.limits));
  return {
    ...facts,
    paramsBy: facts.paramsSize <= target.immediateLimit ? 'immediates' : 'uniform ring',
    variants: variants.length,
    invocations: Math.max(...footprints.map(({ invocations }) => invocations)),
    workgroupMemory: Math.max(...footprints.map(({ memory }) => memory)),
    problems: [
      ...new Set(problems),
      ...lackingFeatures(facts, target).map((feature) => `the device has no ${feature}`),
    ],
  };
}
