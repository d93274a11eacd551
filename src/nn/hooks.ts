import type { HookHandle } from '../tensor/gradientHooks.ts';

type Hook = (...args: unknown[]) => unknown;

/** The hooks of one module. */
interface Hooks {
  readonly before: Set<Hook>;
  readonly after: Set<Hook>;
}

const hooks = new WeakMap<object, Hooks>();

/** Adds a hook that a module calls before or after its `forward`. */
export function addHook(module: object, when: keyof Hooks, hook: (...args: never[]) => unknown): HookHandle {
  const own = hooks.get(module) ?? { before: new Set(), after: new Set() };
  hooks.set(module, own);
  // A wrapper of its own, because one function may be registered twice.
  const entry: Hook = (...args) => (hook as Hook)(...args);
  own[when].add(entry);
  return {
    remove: () => {
      own[when].delete(entry);
      if (own.before.size + own.after.size === 0) hooks.delete(module);
    },
  };
}

/** Whether a module has hooks. */
export function hasHooks(module: object): boolean {
  return hooks.has(module);
}

/** Runs `forward` between the hooks of a module. What a hook returns replaces the inputs, or the output. */
export function between(module: object, inputs: unknown[], forward: (inputs: unknown[]) => unknown): unknown {
  const { before, after } = hooks.get(module)!;
  let given = inputs;
  for (const hook of before) {
    const changed = hook(module, given) ?? given;
    given = Array.isArray(changed) ? changed : [changed];
  }
  let output = forward(given);
  for (const hook of after) output = hook(module, given, output) ?? output;
  return output;
}
