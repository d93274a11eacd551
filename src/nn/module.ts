import type { Backend } from '../backend/backend.ts';
import { effect, HostValue } from '../backend/recorder.ts';
import { copyInto } from '../tensor/dense.ts';
import { tensor } from '../tensor/create.ts';
import { checkDevice } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import { moduleText, snakeCase } from './representation.ts';

/** Tensors by PyTorch's names, for example `0.weight`. */
export type StateDict = Record<string, Tensor>;

/**
 * A part of a network: parameters, child modules, and a forward pass.
 *
 * A module finds the tensors and modules in its fields. A field `runningMean` is named `running_mean`, as in PyTorch.
 *
 * @example
 * class Residual extends Module {
 *   readonly inner = new Linear(8, 8);
 *   override forward(x: Tensor): Tensor {
 *     return this.inner.forward(x).relu().add(x);
 *   }
 * }
 */
export abstract class Module {
  /** Declared, because bundlers rename a class that refers to itself. */
  static readonly name: string = 'Module';
  readonly #training = new HostValue(true);

  /** Whether the module is in training mode. Dropout and batch norm behave differently in evaluation mode. */
  get training(): boolean {
    return this.#training.get();
  }

  set training(training: boolean) {
    this.#training.set(training);
  }

  /** Computes the output for an input. */
  abstract forward(x: Tensor): Tensor;

  /** The modules in fields, with the names under which their tensors are listed. */
  namedChildren(): [string, Module][] {
    return Object.entries(this).filter((field): field is [string, Module] => field[1] instanceof Module);
  }

  /**
   * This module under the name '', and all modules inside it by their dotted names. Each is listed once, outer ones
   * first.
   */
  *namedModules(prefix: string = '', seen: Set<Module> = new Set()): Generator<[string, Module]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) {
      yield* child.namedModules(prefix === '' ? name : `${prefix}.${name}`, seen);
    }
  }

  /** All tensors, depth first: parameters, and buffers such as running statistics. */
  *namedTensors(prefix: string = ''): Generator<[string, Tensor]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Tensor) yield [prefix + snakeCase(name), value];
    }
    for (const [name, child] of this.namedChildren()) yield* child.namedTensors(`${prefix}${name}.`);
  }

  /** Parameters with their names. A parameter that is used in several places is listed once, under the first name. */
  namedParameters(): [string, Tensor][] {
    const seen = new Set<Tensor>();
    return [...this.namedTensors()].filter(
      ([, value]) => value.requiresGrad && !seen.has(value) && seen.add(value),
    );
  }

  /** The tensors that training changes. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Parameters and buffers by PyTorch's names. These are the tensors themselves, not copies. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedTensors());
  }

  /**
   * Copies values into parameters and buffers.
   *
   * @throws ArgumentError if names are missing or unexpected, ShapeError if a shape differs, DeviceError for tensors of
   *   another device; nothing changes then
   */
  loadStateDict(state: StateDict): void {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !(name in state));
    const unexpected = Object.keys(state).filter((name) => !(name in own));
    if (missing.length + unexpected.length > 0) {
      throw new ArgumentError('loadStateDict', 'names differ', {
        takes: Object.keys(own).join(', '),
        got: `${missing.length ? `no ${missing.join(', ')}` : 'all of them'}${unexpected.length ? `, and unknown ${unexpected.join(', ')}` : ''}`,
      });
    }
    for (const [name, target] of Object.entries(own)) {
      const value = state[name]!;
      if (!sameShape(value.shape, target.shape) || value.dtype !== target.dtype) {
        throw new ShapeError('loadStateDict', `${name} does not fit`, {
          takes: describe(target),
          got: describe(value),
        });
      }
      checkDevice('loadStateDict', target, value);
    }
    for (const [name, target] of Object.entries(own)) {
      const { storage } = target;
      effect(() => {
        storage.version++;
      });
      copyInto(state[name]!, target);
    }
  }

  /** Switches to training mode, or with `false` to evaluation mode. */
  train(training: boolean = true): this {
    this.training = training;
    for (const [, child] of this.namedChildren()) child.train(training);
    return this;
  }

  /** Switches to evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Moves parameters and buffers to a device. Their values travel through the host. */
  async to(device: Backend): Promise<this> {
    for (const [, value] of this.namedTensors()) {
      const copy = tensor(await value.data(), { shape: value.shape, dtype: value.dtype, device });
      value.rebind(copy.storage.retain(), copy.offset);
      copy.dispose();
    }
    return this;
  }

  /** The number of parameters. */
  parameterCount(): number {
    return this.parameters().reduce((count, parameter) => count + parameter.numel(), 0);
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
