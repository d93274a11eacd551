import { KernelError } from '../../../backend/errors.ts';
import { readSignature } from './inspection.ts';
import { kernelNames, kernelSource } from '../../../platform/node/kernels.ts';
import { checkKernel } from './check.ts';
import type { KernelCheck } from './compile.ts';
import { type KernelListing, listKernel } from './listing.ts';
import type { KernelTarget } from './target.ts';
import { formatCheck, formatListing, formatSettings, formatTarget, formatTotals } from './text.ts';
import { specialise } from '../../../backend/webgpu/pipelines.ts';
import type { KnobValues } from './variants.ts';
import { requireKnown, UsageError } from '../../text/didYouMean.ts';

/** What a command prints: as text or as JSON. */
export interface KernelReport {
  readonly text: string;
  readonly json: object;
  readonly failed: boolean;
}

/** The kernels of these names, or all. @throws UsageError for a name that is no kernel's */
export function namedKernels(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (name.includes('=')) throw new UsageError(`settings go with show only: ${name}`);
    requireKnown('kernel', name, kernelNames());
  }
  return names.length > 0 ? names : kernelNames();
}

/** The signatures of kernels, against the limits of the target. */
export function listKernels(names: readonly string[], target: KernelTarget): KernelReport {
  const kernels: KernelListing[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    try {
      kernels.push(listKernel(name, target));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      unreadable.push(error.message);
    }
  }
  const listings = kernels.map((kernel) => `${formatListing(kernel)}\n`);
  return {
    text: [`${formatTarget(target)}\n`, ...listings, formatTotals(kernels, target), ...unreadable].join('\n'),
    json: { device: deviceFacts(target), kernels, unreadable },
    failed: unreadable.length > 0 || kernels.some(({ problems }) => problems.length > 0),
  };
}

/** One kernel's signature, and its text as the target gets it. */
export function showKernel(name: string, settings: KnobValues, target: KernelTarget): KernelReport {
  const source = kernelSource(name);
  const signature = readSignature(name, source);
  const listing = listKernel(name, target);
  const immediates = listing.paramsBy === 'immediates';
  const text = specialise({ name, source, signature, immediates }, settings);
  // Constants and aliases change the text; overrides are set when a pipeline is made from it.
  const overrides = Object.entries(settings).filter(([key]) => signature.overrides.has(key));
  const note = overrides.length > 0 ? `  set        ${formatSettings(Object.fromEntries(overrides))}\n` : '';
  return {
    text: `${formatListing(listing)}\n${note}\n${text.trimEnd()}`,
    json: { device: deviceFacts(target), listing, settings, text },
    failed: false,
  };
}

/**
 * Compiles every variant of kernels that the library launches.
 *
 * @param print told the lines of the text as they come
 */
export async function checkKernels(
  names: readonly string[],
  target: KernelTarget,
  print: (text: string) => void,
): Promise<Omit<KernelReport, 'text'>> {
  const kernels: KernelCheck[] = [];
  print(formatTarget(target));
  for (const name of names) {
    const found = await checkKernel(name, target);
    kernels.push(found);
    print(formatCheck(found));
  }
  return {
    json: { device: deviceFacts(target), kernels },
    failed: kernels.some(({ messages }) => messages.some(({ severity }) => severity === 'error')),
  };
}

function deviceFacts({ device, description, limits, immediateLimit }: KernelTarget): object {
  return { opened: device !== undefined, description, limits, immediateLimit };
}
