import { ArgumentError } from '../tensor/errors.ts';
import { isGradEnabled } from '../tensor/gradientMode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { guardFields } from './fieldGuard.ts';
import { between, hasHooks } from './hooks.ts';

/**
 * Finds modules that `forward` uses, but that no walk over the model reaches: those in #private fields, closures and
 * instances of other classes. They would silently not be trained, saved, moved or switched to evaluation mode.
 *
 * - When a model is walked, a module that was made while the model was being made must be below it.
 * - When a module's `forward` runs inside another's, it must have been reached by a walk, if it can be trained or if it is
 *   in training mode while the model is not.
 * - `backward` warns of parameters that no walk has reached, if an optimizer has others of the same loss: see
 *   `toBeListed`. It is no error, because the optimizer of a part of a model is often the only one.
 *
 * Modules that another walk has reached belong elsewhere, and frozen ones are not trained: both are allowed.
 */

/** The parts of a module that the search needs. */
interface Part {
  readonly training: boolean;
  namedChildren(): [string, Part][];
  ownTensors(): [string, Tensor][];
  toString(): string;
}

/** A position in the order in which modules are made. */
interface Birth {
  readonly number: number;
  readonly before: WeakRef<Part> | undefined;
}

const births = new WeakMap<Part, Birth>();
let youngest: WeakRef<Part> | undefined;
let count = 0;

/** Modules that a walk has reached. */
const known = new WeakSet<Part>();
/** Modules below which nothing is missing. */
const complete = new WeakSet<Part>();
/** The prototypes of classes of modules whose `forward` is watched: all but the base class. */
const watched = new WeakSet<object>();
/** The outermost module whose `forward` runs. */
let running: Part | undefined;

/** Notes that a module is made. Its class's `forward` tells which modules run inside which. */
export function noteMade(module: Part, base: object): void {
  births.set(module, { number: count++, before: youngest });
  youngest = new WeakRef(module);
  for (
    let prototype = Object.getPrototypeOf(module) as object;
    prototype !== base && !watched.has(prototype);
    prototype = Object.getPrototypeOf(prototype) as object
  ) {
    watched.add(prototype);
    watchForward(prototype);
  }
}

/** Notes that a walk has reached a module. */
export function noteReached(module: Part): void {
  known.add(module);
}

/** Checks that a module knows its mode: an unknown one in training mode inside a model in evaluation mode does not. */
export function checkMode(module: Part, training: boolean): void {
  if (!training || !running || running === module || known.has(module) || running.training) return;
  if (!isBelow(running, module)) throw strayError(running, module, 'eval() does not switch it');
}

/** Checks that the modules that were made together with `root` are below it. Each root is checked once. */
export function checkComplete(root: Part): void {
  if (complete.has(root)) return;
  const below = modulesBelow(root);
  // Without #private fields that hold new objects, a module that was made in between is a model of its own.
  if ([...below].some(hidesObjects)) {
    const [stray] = straysAmong(below, births.get(root)!.number);
    if (stray) throw strayError(root, stray, 'parameters() and stateDict() do not list its tensors');
  }
  complete.add(root);
}

/** Whether a module's class, by its text, puts new objects into #private fields. */
function hidesObjects(module: Part): boolean {
  let prototype = Object.getPrototypeOf(module) as object;
  for (; watched.has(prototype); prototype = Object.getPrototypeOf(prototype) as object) {
    if (/#\w+\s*=(?!=)[^;]*\bnew\b/.test(String(prototype.constructor))) return true;
  }
  return false;
}

/** The modules that were made between the root and its youngest part, and are neither below it nor known otherwise. */
function straysAmong(below: ReadonlySet<Part>, first: number): Part[] {
  const numberOf = (module: Part): number => births.get(module)!.number;
  const tensors = new Set([...below].flatMap(tensorsOf));
  let last: Part | undefined = [...below].reduce((a, b) => (numberOf(b) > numberOf(a) ? b : a));
  const strays: Part[] = [];
  while (last && numberOf(last) > first) {
    if (!below.has(last) && !known.has(last) && isTrained(last, tensors)) strays.push(last);
    last = births.get(last)!.before?.deref();
  }
  return strays.filter((stray) => !strays.some((other) => other !== stray && modulesBelow(other).has(stray)));
}

function watchForward(prototype: object): void {
  const own = Object.getOwnPropertyDescriptor(prototype, 'forward');
  if (typeof own?.value !== 'function' || !own.configurable) return;
  const body = own.value as (this: Part, ...args: unknown[]) => unknown;
  const forward = function (this: Part, ...args: unknown[]): unknown {
    guardFields(this);
    // A subclass's forward may call this one: the hooks are called around the outer one.
    if (hasHooks(this) && holderOf(this) === prototype)
      return between(this, args, (inputs) => run(this, body, inputs));
    return run(this, body, args);
  };
  Object.defineProperty(prototype, 'forward', { ...own, value: forward });
}

/** The prototype that has a module's forward. */
function holderOf(module: Part): object {
  let prototype = Object.getPrototypeOf(module) as object;
  while (!Object.hasOwn(prototype, 'forward')) prototype = Object.getPrototypeOf(prototype) as object;
  return prototype;
}

function run(module: Part, body: (this: Part, ...args: unknown[]) => unknown, args: unknown[]): unknown {
  if (running) {
    if (!known.has(module)) checkUse(running, module);
    return body.apply(module, args);
  }
  running = module;
  try {
    return body.apply(module, args);
  } finally {
    running = undefined;
  }
}

function checkUse(root: Part, module: Part): void {
  if (module === root || !known.has(root) || !isGradEnabled() || isBelow(root, module)) return;
  if (isTrained(module))
    throw strayError(root, module, 'parameters() and stateDict() do not list its tensors');
}

/** Whether a module is below a root, which may have been changed since the last walk. */
function isBelow(root: Part, module: Part): boolean {
  const below = modulesBelow(root);
  if (!below.has(module)) return false;
  for (const each of below) known.add(each);
  return true;
}

function modulesBelow(root: Part): Set<Part> {
  const found = new Set([root]);
  for (const module of found) for (const [, child] of module.namedChildren()) found.add(child);
  return found;
}

/** Whether a module or one below it has tensors that are not frozen, other than the listed ones. */
function isTrained(module: Part, listed?: ReadonlySet<Tensor>): boolean {
  const tensors = [...modulesBelow(module)].flatMap(tensorsOf);
  return tensors.some((tensor) => tensor.requiresGrad && !listed?.has(tensor));
}

function tensorsOf(module: Part): Tensor[] {
  return module.ownTensors().map(([, tensor]) => tensor);
}

function strayError(root: Part, stray: Part, follows: string): ArgumentError {
  const name = root.constructor.name;
  return new ArgumentError(name, `a module that it uses is not registered; ${follows}`, {
    takes: 'modules in public fields, also in arrays, Maps, ModuleLists and plain objects there',
    got: `${String(stray).replaceAll('\n', '\n         ')} elsewhere, for example in a #private field or a closure`,
    where: `for a module that is no part of ${name}: freeze its parameters and call its eval()`,
  });
}
