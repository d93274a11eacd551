import type { Backend } from '../../../backend/backend.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { OnnxError } from '../error.ts';
import type { Attribute, NodeProto } from '../model.ts';
import { HostTensor, shapeOf, type Value } from './values.ts';

/** One node during a forward pass: its operands and attributes, checked. */
export class Call {
  readonly node: NodeProto;
  /** The version of the operators. */
  readonly opset: number;
  readonly device: Backend;
  /** Whether the module is in training mode. */
  readonly training: boolean;
  readonly #operands: readonly (Value | undefined)[];

  constructor(
    node: NodeProto,
    operands: readonly (Value | undefined)[],
    context: Pick<Call, 'opset' | 'device' | 'training'>,
  ) {
    this.node = node;
    this.#operands = operands;
    this.opset = context.opset;
    this.device = context.device;
    this.training = context.training;
  }

  /** An operand that may be left out. */
  optional(index: number): Value | undefined {
    return this.#operands[index];
  }

  value(index: number): Value {
    const value = this.#operands[index];
    if (!value) throw new OnnxError(`takes at least ${index + 1} inputs, got ${this.#operands.length}`);
    return value;
  }

  /** All operands, none of which may be left out. */
  values(): Value[] {
    return this.#operands.map((_, index) => this.value(index));
  }

  /** An operand as a tensor on the device. */
  tensor(index: number): Tensor {
    return this.tensorOf(this.value(index));
  }

  tensorOf(value: Value): Tensor {
    return value instanceof Tensor ? value : value.on(this.device);
  }

  /** A tensor that may be left out. */
  optionalTensor(index: number): Tensor | undefined {
    const value = this.optional(index);
    return value && this.tensorOf(value);
  }

  /** An operand that decides what is computed, as numbers; undefined if it is left out. */
  optionalNumbers(index: number): readonly number[] | undefined {
    const value = this.optional(index);
    if (value === undefined || value instanceof HostTensor) return value?.values;
    throw new OnnxError(
      `input ${index + 1} is computed from the values of tensors; it must follow from constants and shapes`,
    );
  }

  numbers(index: number): readonly number[] {
    this.value(index);
    return this.optionalNumbers(index)!;
  }

  /** A dim of operand `index`, counted from the start. */
  axis(dim: number, index: number = 0, more: number = 0): number {
    const rank = shapeOf(this.value(index)).length + more;
    const axis = dim < 0 ? dim + rank : dim;
    if (Number.isInteger(axis) && axis >= 0 && axis < Math.max(1, rank)) return axis;
    throw new OnnxError(`axis ${dim} is out of range for ${rank} dims`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.node.attributes, name);
  }

  int(name: string, otherwise?: number): number {
    return this.#attribute('int', name, otherwise);
  }

  float(name: string, otherwise?: number): number {
    return this.#attribute('float', name, otherwise);
  }

  text(name: string, otherwise?: string): string {
    return this.#attribute('string', name, otherwise);
  }

  ints(name: string): readonly number[] | undefined {
    return this.has(name) ? this.#attribute('ints', name, undefined) : undefined;
  }

  /** One of some words. */
  word(name: string, words: readonly string[], otherwise: string): string {
    const found = this.text(name, otherwise);
    if (words.includes(found)) return found;
    throw new OnnxError(`${name} '${found}' is not supported; supported are ${words.join(', ')}`);
  }

  #attribute<K extends Attribute['kind'], T extends (Attribute & { kind: K })['value']>(
    kind: K,
    name: string,
    otherwise: T | undefined,
  ): T {
    const attribute = this.has(name) ? this.node.attributes[name] : undefined;
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind === kind) return attribute.value as T;
    throw new OnnxError(`takes an attribute ${name} of kind ${kind}, got ${attribute?.kind ?? 'none'}`);
  }
}

/** Computes the results of a node. */
export type Operator = (call: Call) => Value | readonly Value[];

export type Operators = Readonly<Record<string, Operator>>;
