import { ANY, ITERABLE, type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { guardFields } from './fieldGuard.ts';
import { type AnyModule, Module, requireModule } from './module.ts';

const takes = {
  constructor: signature<{ modules?: Iterable<unknown> }>('ModuleList', {}, { modules: ITERABLE }),
  append: signature('ModuleList.append', { item: ANY }),
  extend: signature('ModuleList.extend', { modules: ITERABLE }),
};

/**
 * A list of modules that are named by their positions: `layers.0.weight`. A plain array in a field does the same; this is
 * PyTorch's form. `list[0]` is the first module.
 *
 * @example
 * class Deep extends Module {
 *   readonly layers: ModuleList<Linear> = new ModuleList([new Linear(8, 8), new Linear(8, 8)]);
 *   override forward(x: Tensor): Tensor {
 *     for (const layer of this.layers) x = layer.forward(x).relu();
 *     return x;
 *   }
 * }
 */
export class ModuleList<M extends AnyModule = Module> extends Module {
  /** The modules by position. */
  [index: number]: M;

  constructor(...rest: [modules?: Maybe<Iterable<M>>]) {
    super();
    this.extend((takes.constructor(rest).modules as Iterable<M> | undefined) ?? []);
  }

  /** The number of modules. */
  get length(): number {
    guardFields(this);
    let length = 0;
    while (this[length]) length++;
    return length;
  }

  /** Adds a module at the end. */
  append(module: M): this {
    takes.append(arguments);
    return this.extend([module]);
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    takes.extend(arguments);
    let { length } = this;
    for (const module of modules) {
      requireModule('ModuleList', length, module);
      this[length++] = module;
    }
    return this;
  }

  /** The modules, in order. */
  *[Symbol.iterator](): Generator<M> {
    guardFields(this);
    for (let index = 0; this[index]; index++) yield this[index]!;
  }

  /** @throws ArgumentError always: a list does not say how its modules are connected */
  override forward(): never {
    throw new ArgumentError('ModuleList', 'has no forward', {
      takes: 'a call of each module, or a Sequential',
      got: 'a call of the list',
    });
  }
}
