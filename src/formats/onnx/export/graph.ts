import type { DType } from '../../../backend/dtypes.ts';
import { OnnxError } from '../error.ts';
import type { Attribute, Attributes, NodeProto, TensorProto } from '../model.ts';
import type { Value } from './trace.ts';

/** A size: a number, or a multiple of the batch. */
export type Dim = number | { readonly times: number };

/** The shapes of a value for two sizes of the batch. */
export interface Shapes {
  readonly batches: readonly [number, number];
  /** The shape of a value in the second pass. */
  readonly second: (value: Value) => readonly number[];
}

/** The nodes and constants of a file while rules add to them. */
export class Graph {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  readonly opset: number;
  readonly #shapes: Shapes;
  readonly #names = new Map<number, string>();
  readonly #taken = new Map<string, number>();
  readonly #numbers = new Map<string, string>();
  /** The name of the input whose first dim is the batch. */
  readonly #batchInput: string;

  constructor(opset: number, shapes: Shapes, batchInput: string) {
    this.opset = opset;
    this.#shapes = shapes;
    this.#batchInput = batchInput;
  }

  /** Gives a value of the pass its name in the file. */
  define(value: Value, name: string): void {
    this.#names.set(value.id, name);
  }

  has({ id }: Value): boolean {
    return this.#names.has(id);
  }

  nameOf({ id }: Value): string {
    return this.#names.get(id)!;
  }

  /** Gives a result of the model its name in the file. */
  output(value: Value, name: string): void {
    const inputs = [this.nameOf(value)];
    this.nodes.push({ name, operator: 'Identity', domain: '', inputs, outputs: [name], attributes: {} });
  }

  /** A name that nothing else in the file has. */
  fresh(stem: string): string {
    const count = this.#taken.get(stem) ?? 0;
    this.#taken.set(stem, count + 1);
    return count === 0 ? stem : this.fresh(`${stem}_${count}`);
  }

  /** Adds a node with one output, and returns its name. An input may be left out. */
  node(operator: string, inputs: readonly (string | undefined)[], attributes: Attributes = {}): string {
    const output = this.fresh(operator.toLowerCase());
    const last = inputs.findLastIndex((each) => each !== undefined);
    const names = inputs.slice(0, last + 1).map((each) => each ?? '');
    this.nodes.push({ name: output, operator, domain: '', inputs: names, outputs: [output], attributes });
    return output;
  }

  /** A constant vector of 64-bit integers. */
  ints(values: readonly number[]): string {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`int64:${values.join()}`, { dims: [values.length], type: 'int64', raw });
  }

  /** A constant number. */
  number(value: number, type: 'float32' | 'float64' | 'int32' = 'float32'): string {
    const array = { float32: Float32Array, float64: Float64Array, int32: Int32Array }[type];
    const raw = new Uint8Array(array.of(value).buffer);
    return this.#constant(`${type}:${Object.is(value, -0) ? '-0' : value}`, { dims: [], type, raw });
  }

  /** A constant tensor of floating-point numbers. */
  floats(dims: readonly number[], values: readonly number[], type: DType): string {
    const raw = new Uint8Array(
      (type === 'float64' ? Float64Array.from(values) : Float32Array.from(values)).buffer,
    );
    return this.add({ name: this.fresh('constant'), dims, type: type === 'float64' ? type : 'float32', raw });
  }

  /** Adds a constant, and returns its name. */
  add(constant: TensorProto): string {
    this.constants.push(constant);
    return constant.name;
  }

  #constant(key: string, constant: Omit<TensorProto, 'name'>): string {
    let name = this.#numbers.get(key);
    if (name === undefined)
      this.#numbers.set(key, (name = this.add({ ...constant, name: this.fresh('constant') })));
    return name;
  }

  /** The shape of a value. Sizes that depend on the batch are multiples of it. */
  dimsOf(value: Value): Dim[] {
    const second = this.#shapes.second(value);
    return value.shape.map((size, axis) => this.dim(size, second[axis]!));
  }

  /** A size that is `first` for the first size of the batch, and `second` for the other. */
  dim(first: number, second: number): Dim {
    if (first === second) return first;
    const [batch, other] = this.#shapes.batches;
    const times = first / batch;
    if (Number.isInteger(times) && second === times * other) return { times };
    throw new OnnxError(
      `exportOnnx: a size is ${first} for a batch of ${batch} and ${second} for ${other}, which is no multiple of the batch; ` +
        'use dynamicBatch: false',
    );
  }

  /** A shape as a tensor, computed from the input where it depends on the batch. */
  shape(dims: readonly Dim[]): string {
    if (dims.every((each) => typeof each === 'number')) return this.ints(dims);
    const batch = this.node('Gather', [this.node('Shape', [this.#batchInput]), this.ints([0])]);
    const parts = dims.map((each) => {
      if (typeof each === 'number') return this.ints([each]);
      return each.times === 1 ? batch : this.node('Mul', [batch, this.ints([each.times])]);
    });
    return parts.length === 1 ? parts[0]! : this.node('Concat', parts, { axis: int(0) });
  }

  /** `x` in another shape. */
  reshape(x: string, dims: readonly Dim[]): string {
    const varying = dims.filter((each) => typeof each !== 'number').length;
    const target =
      varying === 1
        ? this.ints(dims.map((each) => (typeof each === 'number' ? each : -1)))
        : this.shape(dims);
    return this.node('Reshape', [x, target]);
  }
}

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const text = (value: string): Attribute => ({ kind: 'string', value });
