import type { Backend } from '../backend/backend.ts';
import { guard } from '../backend/recorder.ts';
import { copyInto } from '../tensor/dense.ts';
import { tensor } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import { moduleText, snakeCase } from './representation.ts';

/** Tensors by PyTorch's names, such as `0.weight`. */
export type StateDict = Record<string, Tensor>;

/**
 * A part of a network: parameters, parts of its own, and a forward pass.
 *
 * Tensors and modules in fields are found by themselves; a field `runningMean` is named `running_mean`, as PyTorch
 * does.
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
  #training = true;

  /** Whether the module is being trained; dropout and batch norm behave differently then. */
  get training(): boolean {
    guard(() => this.#training);
    return this.#training;
  }

  set training(training: boolean) {
    this.#training = training;
  }

  /** What the module makes of its input. */
  abstract forward(x: Tensor): Tensor;

  /** `forward` with relu on its result, for modules that do both in one launch. */
  forwardRelu?(x: Tensor): Tensor;

  /** Modules in fields, with the names under which their tensors are listed. */
  namedChildren(): [string, Module][] {
    return Object.entries(this).filter((field): field is [string, Module] => field[1] instanceof Module);
  }

  /** This module under the name '', and all those inside it by their dotted names; each once, the outer ones first. */
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

  /** Parameters with their names; one that stands in several places is listed once, under the first. */
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

  /** Parameters and buffers by PyTorch's names; the tensors themselves, not copies. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedTensors());
  }

  /**
   * Copies values into parameters and buffers.
   *
   * @throws ArgumentError when names are missing or unexpected, ShapeError when a shape differs; nothing is changed then
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
    }
    for (const [name, target] of Object.entries(own)) {
      target.storage.version++;
      copyInto(state[name]!, target);
    }
  }

  /** Switches to training, or with `false` to evaluation. */
  train(training: boolean = true): this {
    this.training = training;
    for (const [, child] of this.namedChildren()) child.train(training);
    return this;
  }

  /** Switches to evaluation. */
  eval(): this {
    return this.train(false);
  }

  /** Moves parameters and buffers to a device; their values travel through the host. */
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

  /** What `toString` shows between the parentheses, in PyTorch's words: `p=0.5, inplace=False`. See `keywords`. */
  extraRepr(): string {
    return '';
  }

  /** The module and its parts as PyTorch prints them. */
  toString(): string {
    return moduleText(this);
  }
}
