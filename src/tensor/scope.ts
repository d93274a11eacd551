import { FUNCTION, signature } from './arguments.ts';
import { refusePromise } from './synchronous.ts';

/** What a scope owns: tensors, and what holds memory of its own, such as an optimizer. */
export interface Owned {
  dispose(): void;
}

let isTensor: (value: object) => boolean = () => false;

/** Tells scopes which objects are tensors: nothing else is inside them. `Tensor` imports this module, so it calls. */
export function tensorsAre(test: (value: object) => boolean): void {
  isTensor = test;
}

let current: Set<Owned> | undefined;

/** Gives something new to the innermost scope, if there is one. */
export function own(value: Owned): void {
  current?.add(value);
}

/** Takes something disposed from the innermost scope. */
export function disown(value: Owned): void {
  current?.delete(value);
}

const scopeArguments = signature('scope', { body: FUNCTION });

/**
 * Runs `body` and frees every tensor, module and optimizer that it creates and does not return.
 *
 * What it returns, also in arrays, objects, maps, sets and public fields, passes to the enclosing scope. Gradients of
 * leaves belong to the leaves, and state belongs to its optimizer. The parameters of an optimizer that is freed stay
 * usable. The body is synchronous. Read values outside.
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
  scopeArguments(arguments);
  const outer = current;
  const inner = new Set<Owned>();
  current = inner;
  let result: T;
  let kept: { has(value: unknown): boolean };
  try {
    result = body();
    refusePromise('scope', result);
    kept = reachable(result);
  } catch (error) {
    current = outer;
    for (const value of inner) value.dispose();
    throw error;
  }
  current = outer;
  for (const value of inner) {
    if (kept.has(value)) outer?.add(value);
    else value.dispose();
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

const NOTHING: ReadonlySet<unknown> = new Set();

/** All objects that can be reached from a value through fields, elements and entries. */
function reachable(root: unknown): { has(value: unknown): boolean } {
  if (root === undefined) return NOTHING;
  if (typeof root === 'object' && root !== null && isTensor(root)) return { has: (value) => value === root };
  const seen = new Set<unknown>();
  const waiting: unknown[] = [root];
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    // A captured step is a function.
    if (typeof value === 'function') seen.add(value);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (isTensor(value)) continue;
    const inside = value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
    for (const each of inside as Iterable<unknown>) waiting.push(each);
  }
  return seen;
}
