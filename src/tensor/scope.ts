import { refusePromise } from './synchronous.ts';

/** What a scope owns: the part of `Tensor` that it needs. */
export interface Owned {
  dispose(): void;
}

let current: Set<Owned> | undefined;

/** Adds a new tensor to the innermost scope, if there is one. */
export function own(tensor: Owned): void {
  current?.add(tensor);
}

/** Removes a disposed tensor from the innermost scope. */
export function disown(tensor: Owned): void {
  current?.delete(tensor);
}

/**
 * Runs `body` and frees every tensor that it creates and does not return.
 *
 * Returned tensors, also in arrays, objects, maps and sets, pass to the enclosing scope. Gradients of leaves and
 * optimizer state stay, because they belong to the parameters. The body is synchronous. Read values outside.
 *
 * @throws WgradError if `body` returns a promise
 * @example
 * const loss = scope(() => {
 *   const loss = crossEntropy(model.forward(images), labels);
 *   loss.backward();
 *   return loss.detach();
 * });
 */
export function scope<T>(body: () => T): T {
  const outer = current;
  const inner = new Set<Owned>();
  current = inner;
  let result: T;
  try {
    result = body();
    refusePromise('scope', result);
  } catch (error) {
    current = outer;
    for (const tensor of inner) tensor.dispose();
    throw error;
  }
  const kept = reachable(result);
  current = outer;
  for (const tensor of inner) {
    if (kept.has(tensor)) outer?.add(tensor);
    else tensor.dispose();
  }
  return result;
}

/** Runs `body` outside every scope. Only reference counts free what it creates. */
export function unscoped<T>(body: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** All objects that can be reached from a value through fields, elements and entries. */
function reachable(root: unknown): Set<unknown> {
  const seen = new Set<unknown>();
  const waiting = [root];
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (isOwned(value)) continue;
    const inside = value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
    for (const each of inside as Iterable<unknown>) waiting.push(each);
  }
  return seen;
}

function isOwned(value: object): boolean {
  return typeof (value as Partial<Owned>).dispose === 'function';
}
