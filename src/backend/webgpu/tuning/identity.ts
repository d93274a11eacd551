import { createHash } from 'node:crypto';
import { kernelSource } from '../../sources.ts';
import { kernelsOf } from './choice.ts';
import type { AdapterInfo } from './tuning.ts';

/** What tells one adapter with its driver from another. */
export const IDENTITY: readonly (keyof AdapterIdentity)[] = [
  'vendor',
  'architecture',
  'device',
  'description',
];

export type AdapterIdentity = Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>>;

export function identityOf(info: AdapterInfo): AdapterIdentity {
  return Object.fromEntries(IDENTITY.map((key) => [key, String(info[key] ?? '')])) as AdapterIdentity;
}

/** SHA-256 over the text of all kernels that are chosen from. */
export function kernelsHash(): string {
  const hash = createHash('sha256');
  for (const kernel of Object.values(kernelsOf).flat()) hash.update(`${kernel}\0${kernelSource(kernel)}\0`);
  return hash.digest('hex');
}
