import type { Leaf, Tensor } from './tensor.ts';
import type { Storage } from './storage.ts';

/** Leaves whose gradients a captured step reads or changes. */
export class GradientWatch {
  /** What each leaf had when the step began, as far as the step looked at it before it changed it. */
  readonly seen: Map<Leaf, Storage | undefined> = new Map<Leaf, Storage | undefined>();
  readonly touched: Set<Leaf> = new Set<Leaf>();

  /** Runs `body` and notes whose gradients it touches. */
  during<T>(body: () => T): T {
    current = this;
    try {
      return body();
    } finally {
      current = undefined;
    }
  }
}

let current: GradientWatch | undefined;

/** Notes that a leaf's gradient is read. */
export function noteRead(leaf: Leaf, grad: Tensor | undefined): void {
  if (current && !current.touched.has(leaf)) current.seen.set(leaf, grad?.storage);
  current?.touched.add(leaf);
}

/** Notes that a leaf's gradient is replaced, whatever it was. */
export function noteReplaced(leaf: Leaf): void {
  current?.touched.add(leaf);
}
