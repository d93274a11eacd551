import type { DeviceBuffer } from '../backend/backend.ts';
import type { Storage } from './storage.ts';

/** Where a gradient lies; undefined for a leaf without one. */
export type GradientPlace =
  { readonly buffer: DeviceBuffer; readonly offset: number; readonly strides: readonly number[] } | undefined;

/** A gradient, as far as its place goes. */
type Placed =
  { readonly storage: Storage; readonly offset: number; readonly strides: readonly number[] } | undefined;

/** The leaves whose gradients a captured step reads or changes. */
export interface GradientWatch<Leaf extends object> {
  /** The gradient of each leaf at the start of the step, for leaves that the step read before it changed them. */
  readonly seen: Map<Leaf, GradientPlace>;
  readonly touched: Set<Leaf>;
  readonly replaced: Set<Leaf>;
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
export function noteRead(leaf: object, grad: Placed): void {
  if (!current || current.touched.has(leaf)) return;
  current.seen.set(leaf, placeOf(grad));
  current.touched.add(leaf);
}

/** Records that a leaf's gradient is replaced. */
export function noteReplaced(leaf: object): void {
  current?.touched.add(leaf);
  current?.replaced.add(leaf);
}

/** Where a gradient lies. Gradients at one place may be in different storages, one after another. */
export function placeOf(grad: Placed): GradientPlace {
  return grad && { buffer: grad.storage.buffer, offset: grad.offset, strides: grad.strides };
}

/** Whether two gradients lie at the same place. */
export function samePlace(one: GradientPlace, other: GradientPlace): boolean {
  if (!one || !other) return one === other;
  if (one.buffer !== other.buffer || one.offset !== other.offset) return false;
  return one.strides.every((stride, axis) => stride === other.strides[axis]);
}
