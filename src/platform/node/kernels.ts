import { readdirSync, readFileSync } from 'node:fs';
import type { KernelSignature } from '../kernels.ts';
import { reflect } from './reflection.ts';

const folder = new URL('../../../kernels/', import.meta.url);

/** Names of all kernels: the files of `kernels/`. */
export function kernelNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.wgsl'))
    .map((file) => file.slice(0, -'.wgsl'.length))
    .sort();
}

/** The WGSL text of a kernel. Its file is read at every start, so an edit takes effect at the next run. */
export function kernelSource(name: string): string {
  return readFileSync(new URL(`${name}.wgsl`, folder), 'utf8');
}

/** The declarations of a kernel file. */
export function kernelSignature(name: string): KernelSignature {
  return reflect(name, kernelSource(name));
}
