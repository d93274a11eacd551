import { createHash } from 'node:crypto';
import type { KernelChoices } from '../../../backend/backend.ts';
import { type AdapterInfo, kernelsOf } from '../../../backend/webgpu/tuning/choice.ts';
import { kernelSource } from '../../../platform/node/kernels.ts';

/** What tells one adapter with its driver from another. */
export const IDENTITY: readonly (keyof AdapterIdentity)[] = [
  'vendor',
  'architecture',
  'device',
  'description',
];

export type AdapterIdentity = Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>>;

/** Choices as a file holds them: the tuner's, or a run's. */
export interface TuningRecord {
  readonly format: 'wgrad tuning 1';
  readonly adapter: AdapterIdentity;
  /** SHA-256 of the kernels that are chosen from. */
  readonly kernels: string;
  /** By class of shapes; none where the built-in rules hold throughout. */
  readonly choices: KernelChoices;
}

/** The choices of a device, as a file keeps them. */
export function tuningRecord(info: AdapterInfo, choices: KernelChoices): TuningRecord {
  return { format: 'wgrad tuning 1', adapter: identityOf(info), kernels: kernelsHash(), choices };
}

export function identityOf(info: AdapterInfo): AdapterIdentity {
  return Object.fromEntries(IDENTITY.map((key) => [key, String(info[key] ?? '')])) as AdapterIdentity;
}

/** SHA-256 over the code of all kernels that are chosen from. Comments and indentation do not count. */
export function kernelsHash(source: (kernel: string) => string = kernelSource): string {
  const hash = createHash('sha256');
  for (const kernel of Object.values(kernelsOf).flat()) hash.update(`${kernel}\0${codeOf(source(kernel))}\0`);
  return hash.digest('hex');
}

function codeOf(wgsl: string): string {
  const lines = wgsl.split('\n').map((line) => line.replace(/\/\/.*/, '').trim());
  return lines.filter((line) => line !== '').join('\n');
}
