import { ANY, isPlainObject, type Kind, type Maybe, signature, takesNothing } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { STRING } from '../tensor/kinds.ts';
import { guardFields } from './fieldGuard.ts';
import { type AnyModule, Module, requireModule } from './module.ts';

const NAMED: Kind = {
  takes: 'modules by name, as an object or pairs',
  fits: (value) =>
    isPlainObject(value) ||
    value instanceof Map ||
    (Array.isArray(value) && Array.from(value as unknown[]).every(isPair)),
};
/** Whether a value is [name, module]; `requireModule` checks the module. */
function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}

const takes = {
  constructor: signature('ModuleDict', { modules: NAMED }),
  get: signature('ModuleDict.get', { name: STRING }),
  has: signature('ModuleDict.has', { name: STRING }),
  set: signature('ModuleDict.set', { name: STRING, module: ANY }),
};

/**
 * Modules by name: the weight of `heads.get('left')` is named `heads.left.weight`. A Map or a plain object in a field does
 * the same; this is PyTorch's form.
 *
 * @throws ArgumentError for a name that is empty or contains a dot
 * @example
 * readonly heads: ModuleDict = new ModuleDict({ left: new Linear(8, 2), right: new Linear(8, 2) });
 */
export class ModuleDict<M extends AnyModule = Module> extends Module {
  /** The modules by name, in the order in which they were set. */
  readonly modules: Map<string, M> = new Map();

  constructor(modules?: Maybe<Readonly<Record<string, M>> | Iterable<readonly [string, M]>>) {
    super();
    takes.constructor([modules ?? {}, ...Array.from<unknown>(arguments).slice(1)]);
    if (!modules) return;
    const entries = Symbol.iterator in modules ? modules : Object.entries(modules);
    for (const [name, module] of entries) this.set(name, module);
  }

  /** The module of a name. */
  get(name: string): M | undefined {
    takes.get(arguments);
    guardFields(this);
    return this.modules.get(name);
  }

  /** Adds or replaces a module. */
  set(name: string, module: M): this {
    takes.set(arguments);
    requireModule('ModuleDict', name, module);
    if (name === '' || name.includes('.')) {
      throw new ArgumentError('ModuleDict', 'invalid name', {
        takes: 'names without dots',
        got: JSON.stringify(name),
      });
    }
    this.modules.set(name, module);
    return this;
  }

  /** Whether there is a module of this name. */
  has(name: string): boolean {
    takes.has(arguments);
    guardFields(this);
    return this.modules.has(name);
  }

  /** The names and modules, in order. */
  [Symbol.iterator](): Iterator<[string, M]> & Iterable<[string, M]> {
    guardFields(this);
    return this.modules.entries();
  }

  override namedChildren(): [string, AnyModule][] {
    takesNothing('namedChildren', arguments);
    return super.namedChildren().map(([name, child]) => [name.replace(/^modules\./, ''), child]);
  }

  /** @throws ArgumentError always: names do not say how the modules are connected */
  override forward(): never {
    throw new ArgumentError('ModuleDict', 'has no forward', {
      takes: 'a call of one of its modules',
      got: 'a call of all',
    });
  }
}
