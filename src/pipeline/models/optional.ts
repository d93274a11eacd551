import type { Module } from '../../nn/index.ts';

/** A list of the module, or an empty one. */
export function optional(wanted: boolean, build: () => Module): Module[] {
  return wanted ? [build()] : [];
}
