import type { Storage } from './storage.ts';

/** Leaves whose gradients a captured step reads or changes. */
export interface GradientWatch<Leaf extends object> {
  /** What each leaf had when the step began, as far as the step looked at it before it changed it. */
  readonly seen: Map<Leaf, Storage | undefined>;
  readonly touched: Set<Leaf>;
}

let current: GradientWatch<object> | undefined;

/** Runs `body` and notes in `watch` whose gradients it touches. */
export function watchGradients<T>(watch: GradientWatch<object>, body: () => T): T {
  current = watch;
  try {
    return body();
  } finally {
    current = undefined;
  }
}

/** Notes that a leaf's gradient is read, and where it lies. */
export function noteRead(leaf: object, storage: Storage | undefined): void {
  if (current && !current.touched.has(leaf)) current.seen.set(leaf, storage);
  current?.touched.add(leaf);
}

/** Notes that a leaf's gradient is replaced, whatever it was. */
export function noteReplaced(leaf: object): void {
  current?.touched.add(leaf);
}
