import type { Storage } from './storage.ts';

/** The leaves whose gradients a captured step reads or changes. */
export interface GradientWatch<Leaf extends object> {
  /** The gradient of each leaf at the start of the step, for leaves that the step read before it changed them. */
  readonly seen: Map<Leaf, Storage | undefined>;
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

/** Records that a leaf's gradient is read, and its storage. */
export function noteRead(leaf: object, storage: Storage | undefined): void {
  if (current && !current.touched.has(leaf)) current.seen.set(leaf, storage);
  current?.touched.add(leaf);
}

/** Records that a leaf's gradient is replaced. */
export function noteReplaced(leaf: object): void {
  current?.touched.add(leaf);
}
