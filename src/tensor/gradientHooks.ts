/** A registered hook. */
export interface HookHandle {
  /** Takes the hook away. Doing it twice is harmless. */
  remove(): void;
}

type Hook = (gradient: never) => unknown;

const hooks = new WeakMap<object, Set<Hook>>();
/** Whether there was ever a hook: a program without any looks nothing up. */
let used = false;

/** Calls a hook in each backward that reaches a source. Returns a function that takes it away. */
export function addGradientHook(source: object, hook: Hook): () => void {
  used = true;
  const own = hooks.get(source) ?? new Set();
  hooks.set(source, own);
  const entry: Hook = (gradient) => hook(gradient);
  own.add(entry);
  return () => void own.delete(entry);
}

/** The hooks of a source. */
export function gradientHooks(source: object): Iterable<Hook> | undefined {
  return used ? hooks.get(source) : undefined;
}
