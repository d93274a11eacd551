import type { Storage } from './storage.ts';

/** Where a gradient lies; undefined for a leaf without one. */
export type GradientPlace =
  { readonly storage: Storage; readonly offset: number; readonly strides: readonly number[] } | undefined;

/** The leaves whose gradients a captured step reads or changes. */
export interface GradientWatch<Leaf extends object> {
  /** The gradient of each leaf at the start of the step, for leaves that the step read before it changed them. */
  readonly seen: Map<Leaf, GradientPlace>;
  readonly touched: Set<Leaf>;
}

let current: GradientWatch<object> | undefined;

/** Runs `body` and records in `watch` which leaves' gradients it uses. */
export function watchGradients<T>(watch: GradientWatch<object>, body: () => T): T {
  current = watch;
  try {
    return body();
  } finally {
    current = undefined;
  }
}

/** Records that a leaf's gradient is read. */
export function noteRead(leaf: object, grad: GradientPlace): void {
  if (!current || current.touched.has(leaf)) return;
  current.seen.set(leaf, grad && { storage: grad.storage, offset: grad.offset, strides: grad.strides });
  current.touched.add(leaf);
}

/** Records that a leaf's gradient is replaced. */
export function noteReplaced(leaf: object): void {
  current?.touched.add(leaf);
}

/** Whether two gradients lie at the same place. */
export function samePlace(one: GradientPlace, other: GradientPlace): boolean {
  if (!one || !other) return one === other;
  if (one.storage !== other.storage || one.offset !== other.offset) return false;
  return one.strides.every((stride, axis) => stride === other.strides[axis]);
}
