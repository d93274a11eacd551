import type { Backend } from '../backend/backend.ts';
import { HostValue } from '../backend/recorder.ts';
import '../tensor/disposable.ts';
import {
  FUNCTION,
  isPlainObject,
  type Kind,
  type Maybe,
  signature,
  takesNothing,
} from '../tensor/arguments.ts';
import { BOOLEAN, DEVICE, STRING, TENSOR } from '../tensor/kinds.ts';
import { copyAll } from '../tensor/dense.ts';
import { moveTo } from '../tensor/moveTo.ts';
import { checkDevice } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import type { HookHandle } from '../tensor/gradientHooks.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import { guardFields } from './fieldGuard.ts';
import { addHook } from './hooks.ts';
import { membersOf } from './members.ts';
import { buffer, isParameter, isSaved, leaveOut } from './parameter.ts';
import { checkComplete, checkMode, noteMade, noteReached } from './registration.ts';
import { moduleText, snakeCase } from './representation.ts';

/** Tensors by PyTorch's names, for example `0.weight`. */
export type StateDict = Record<string, Tensor>;

/** The names in which a state and a module differ. */
export interface DifferentKeys {
  /** Names of the module that are missing in the state. */
  readonly missingKeys: readonly string[];
  /** Names of the state that the module does not have. */
  readonly unexpectedKeys: readonly string[];
}

const STATE: Kind = {
  takes: 'tensors by name, as stateDict gives them',
  fits: (value) => isPlainObject(value) && Object.values(value).every((each) => each instanceof Tensor),
};
const SET: Kind = { takes: 'a set', fits: (value) => value instanceof Set };
const loadArguments = signature<{ strict?: boolean }>('loadStateDict', { state: STATE }, { strict: BOOLEAN });
const trainArguments = signature<{ training?: boolean }>('train', {}, { training: BOOLEAN });
const toArguments = signature('to', { device: DEVICE });
const bufferArguments = signature<{ persistent?: boolean }>(
  'registerBuffer',
  { name: STRING, tensor: TENSOR },
  { persistent: BOOLEAN },
);
const freezeArguments = signature<{ requiresGrad?: boolean }>(
  'requiresGrad_',
  {},
  { requiresGrad: BOOLEAN },
  1,
);
const hookArguments = {
  before: signature('registerForwardPreHook', { hook: FUNCTION }),
  after: signature('registerForwardHook', { hook: FUNCTION }),
};
const listArguments = signature('namedModules', { prefix: STRING }, { seen: SET });

/** A module of any inputs and outputs. */
export type AnyModule = Module<never[], unknown>;

/**
 * A part of a network: parameters, child modules, and a forward pass. `forward` takes one tensor and returns one, unless the
 * class says otherwise: `Module<[query: Tensor, key: Tensor], [Tensor, Tensor]>`.
 *
 * A module finds the tensors and modules in its public fields, also in arrays, maps, sets and plain objects there. They
 * are named as in PyTorch: a field `runningMean` is `running_mean`, the weight of a layer in the field `cAttn` is
 * `c_attn.weight`, that of `layers[0]` is `layers.0.weight`. A module that cannot be seen (in a #private field, a closure or an instance of another class) is not
 * a part of it; where `forward` uses such a module, and it would have to be trained, an ArgumentError says so.
 *
 * A tensor in a field is a parameter if it was made with `requiresGrad: true` or by `Parameter`, and otherwise a buffer,
 * which is saved and moved, but not trained. That is settled when the module first lists it: freezing a parameter
 * (`requiresGrad = false`) leaves it one. Keep results of operations in #private fields.
 *
 * `dispose` frees all tensors, and so does the `scope` in which the module was made, unless it returns the module.
 *
 * @example
 * class Residual extends Module {
 *   readonly inner = new Linear(8, 8);
 *   override forward(x: Tensor): Tensor {
 *     return this.inner.forward(x).relu().add(x);
 *   }
 * }
 */
export abstract class Module<In extends unknown[] = [Tensor], Out = Tensor> implements Disposable {
  /** Declared, because bundlers rename a class that refers to itself. */
  static readonly name: string = 'Module';
  readonly #training = new HostValue(true);

  constructor() {
    takesNothing(new.target.name, arguments);
    noteMade(this, Module.prototype);
  }

  /** Whether the module is in training mode. Dropout and batch norm behave differently in evaluation mode. */
  get training(): boolean {
    const training = this.#training.get();
    checkMode(this, training);
    return training;
  }

  set training(training: boolean) {
    this.#training.set(training);
  }

  /** Computes the output for an input. */
  abstract forward(...inputs: In): Out;

  /**
   * Calls `hook` after each `forward`. What it returns replaces the output. A captured step calls hooks when it is recorded.
   *
   * @example
   * const handle = model.layers[1].registerForwardHook((_, [x], y) => console.log(x.shape, y.shape));
   */
  // The parameter lets modules of other inputs stand for one of any inputs.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  registerForwardHook<Inputs extends unknown[] = In, Output = Out>(
    hook: (module: this, inputs: Inputs, output: Output) => NoInfer<Output> | undefined,
  ): HookHandle {
    hookArguments.after(arguments);
    return addHook(this, 'after', hook);
  }

  /** Calls `hook` before each `forward`. What it returns replaces the inputs: a list of them, or one. */
  registerForwardPreHook<Inputs extends unknown[] = In>(
    hook: (module: this, inputs: Inputs) => readonly Inputs[number][] | Inputs[number] | undefined,
  ): HookHandle {
    hookArguments.before(arguments);
    return addHook(this, 'before', hook);
  }

  /**
   * Makes a tensor a buffer in the field of that name: it is saved and moved with the module, and never trained.
   *
   * @param rest persistent, in order or by name: whether state dicts contain it; true by default
   * @throws ArgumentError for a name that the module has already
   * @example
   * readonly positions: Tensor = this.registerBuffer('positions', arange(8), { persistent: false });
   */
  registerBuffer(
    name: string,
    tensor: Tensor,
    ...rest: [persistent?: Maybe<boolean>] | [options: { persistent?: Maybe<boolean> }]
  ): Tensor {
    const { persistent = true } = bufferArguments([name, tensor, ...rest]);
    if (name === '' || name.includes('.') || name in this) {
      throw new ArgumentError('registerBuffer', 'invalid name', {
        takes: 'a name without dots that the module does not have',
        got: JSON.stringify(name),
      });
    }
    if (!persistent) leaveOut(tensor);
    (this as Record<string, unknown>)[name] = buffer(tensor);
    return tensor;
  }

  /** Freezes all parameters with false, and thaws them with true, the default. */
  requiresGrad_(...flag: [requiresGrad?: Maybe<boolean>]): this {
    const { requiresGrad = true } = freezeArguments(flag);
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  /** The modules in its own fields, with the names under which their tensors are listed. */
  namedChildren(): [string, AnyModule][] {
    takesNothing('namedChildren', arguments);
    return membersOf(this, isModule, snakeCase);
  }

  /**
   * The tensors in its own fields: parameters, and buffers such as running statistics.
   *
   * @throws ArgumentError for the result of an operation that requires a gradient
   */
  ownTensors(): [string, Tensor][] {
    takesNothing('ownTensors', arguments);
    const tensors = membersOf(this, isTensor, snakeCase);
    for (const [name, value] of tensors) {
      if (!value.isLeaf) {
        throw new ArgumentError(this.constructor.name, `${name} is the result of operations`, {
          takes: 'parameters and buffers in public fields',
          got: String(value),
          where:
            'new Parameter(result) makes a parameter, result.detach() a buffer; keep other results in #private fields',
        });
      }
    }
    return tensors;
  }

  /**
   * This module under the name '', and all modules inside it by their dotted names. Each is listed once, outer ones
   * first.
   */
  *namedModules(prefix: string = '', seen: Set<AnyModule> = new Set()): Generator<[string, AnyModule]> {
    if (arguments.length > 0) listArguments(arguments);
    if (seen.has(this)) return;
    seen.add(this);
    noteReached(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) {
      yield* child.namedModules(prefix === '' ? name : `${prefix}.${name}`, seen);
    }
  }

  /**
   * All tensors, depth first. Those of a module that is used in several places are listed under each name, as in
   * PyTorch's state dicts.
   *
   * @throws ArgumentError if a module that was made together with this one is not below it
   */
  namedTensors(): [string, Tensor][] {
    takesNothing('namedTensors', arguments);
    checkComplete(this);
    guardFields(this);
    const found: [string, Tensor][] = [];
    listTensors(this, '', found, new Set());
    return found;
  }

  /**
   * Parameters with their names, also frozen ones. A parameter that is used in several places is listed once, under the
   * first name.
   */
  namedParameters(): [string, Tensor][] {
    takesNothing('namedParameters', arguments);
    const seen = new Set<Tensor>();
    return this.namedTensors().filter(
      ([, value]) => isParameter(value) && !seen.has(value) && seen.add(value),
    );
  }

  /** The tensors that training changes, and those that are frozen: their `requiresGrad` is false. */
  parameters(): Tensor[] {
    takesNothing('parameters', arguments);
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /**
   * Parameters and buffers by PyTorch's names. These are the tensors themselves, not copies.
   *
   * @throws ArgumentError if two tensors have the same name
   */
  stateDict(): StateDict {
    takesNothing('stateDict', arguments);
    const named = this.namedTensors().filter(([, value]) => isSaved(value));
    const state = Object.fromEntries(named);
    const hidden = named.find(([name, value]) => state[name] !== value);
    if (hidden) {
      throw new ArgumentError('stateDict', `two tensors are named ${hidden[0]}`, {
        takes: 'fields and keys with different names: runningMean and running_mean are the same',
        got: `${String(hidden[1])} and ${String(state[hidden[0]])}`,
      });
    }
    for (const [, value] of named) isParameter(value);
    return state;
  }

  /**
   * Copies values into parameters and buffers.
   *
   * @param rest strict, in order or by name: whether the names must be the same, true by default. Otherwise only names that
   *   both have are copied
   * @returns the names that are missing in the state, and those that the module does not have
   * @throws ArgumentError if strict and names are missing or unexpected, ShapeError if a shape differs, DeviceError for
   *   tensors of another device; nothing changes then
   */
  loadStateDict(
    state: StateDict,
    ...rest: [options?: Maybe<{ strict?: Maybe<boolean> }>] | [strict: Maybe<boolean>]
  ): DifferentKeys {
    const { strict = true } = loadArguments([state, ...rest]);
    const own = this.stateDict();
    const missingKeys = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const unexpectedKeys = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
    if (strict && missingKeys.length + unexpectedKeys.length > 0) {
      throw new ArgumentError('loadStateDict', 'names differ', {
        takes: Object.keys(own).join(', '),
        got: `${missingKeys.length ? `no ${missingKeys.join(', ')}` : 'all of them'}${unexpectedKeys.length ? `, and unknown ${unexpectedKeys.join(', ')}` : ''}`,
      });
    }
    const shared = Object.entries(own).filter(([name]) => Object.hasOwn(state, name));
    for (const [name, target] of shared) {
      const value = state[name]!;
      if (!sameShape(value.shape, target.shape) || value.dtype !== target.dtype) {
        throw new ShapeError('loadStateDict', `${name} does not fit`, {
          takes: describe(target),
          got: describe(value),
        });
      }
      checkDevice('loadStateDict', target, value);
    }
    for (const [, target] of shared) target.storage.changed();
    copyAll(
      shared.map(([name]) => state[name]!),
      shared.map(([, target]) => target),
    );
    return { missingKeys, unexpectedKeys };
  }

  /** Switches to training mode, or with `false` to evaluation mode. */
  train(...mode: [training?: Maybe<boolean>]): this {
    const { training = true } = trainArguments(mode);
    this.training = training;
    noteReached(this);
    switching.add(this);
    try {
      for (const [, child] of this.namedChildren()) if (!switching.has(child)) child.train(training);
    } finally {
      switching.delete(this);
    }
    return this;
  }

  /** Switches to evaluation mode. */
  eval(): this {
    takesNothing('eval', arguments);
    return this.train(false);
  }

  /**
   * Moves parameters, with their gradients, and buffers to a device. Their values travel through the host. Other tensors
   * on their memory, such as `weight.detach()`, stay where they are.
   *
   * Make optimizers after the move: the state of an optimizer does not follow its parameters, so its next step throws
   * DeviceError, until the module is moved back. Captured steps record again.
   *
   * @throws WgradError if a parameter changes before the returned promise resolves; nothing moves then
   */
  async to(device: Backend): Promise<this> {
    toArguments(arguments);
    await moveTo(device, [...new Set(this.namedTensors().map(([, tensor]) => tensor))]);
    return this;
  }

  /** The number of parameters. */
  parameterCount(): number {
    takesNothing('parameterCount', arguments);
    return this.parameters().reduce((count, parameter) => count + parameter.numel(), 0);
  }

  /** Frees the gradients of all parameters. */
  zeroGrad(): void {
    takesNothing('zeroGrad', arguments);
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /** Frees all parameters and buffers, with their gradients. Later use throws FreedTensorError. */
  dispose(): void {
    takesNothing('dispose', arguments);
    for (const [, module] of this.namedModules()) {
      for (const [, value] of membersOf(module, isTensor)) value.dispose();
    }
  }

  /** Called by `using`: disposes the module. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The text between the parentheses of `toString`, in PyTorch's words: `p=0.5, inplace=False`. See `keywords`. */
  extraRepr(): string {
    return '';
  }

  /** The module and its children as PyTorch prints them. */
  toString(): string {
    return moduleText(this);
  }
}

/** Modules whose mode is being switched: a module that refers to one above it must not go around in circles. */
const switching = new Set<AnyModule>();

/** @param above the modules around it, which it may refer to */
function listTensors(
  module: AnyModule,
  prefix: string,
  found: [string, Tensor][],
  above: Set<AnyModule>,
): void {
  noteReached(module);
  for (const [name, value] of module.ownTensors()) found.push([prefix + name, value]);
  above.add(module);
  for (const [name, child] of module.namedChildren()) {
    if (!above.has(child)) listTensors(child, `${prefix}${name}.`, found, above);
  }
  above.delete(module);
}

/** @throws ArgumentError if a value is no module, for containers */
export function requireModule(container: string, name: string | number, value: unknown): void {
  if (isModule(value)) return;
  throw new ArgumentError(container, `${JSON.stringify(name)} is not a module`, {
    takes: 'instances of Module',
    got: value instanceof Tensor ? String(value) : typeof value,
  });
}

function isModule(value: unknown): value is AnyModule {
  return value instanceof Module;
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
