import { Module } from '../../../nn/index.ts';
import type { Backend } from '../../../backend/backend.ts';
import { WgradError } from '../../../backend/errors.ts';
import { signature } from '../../../tensor/arguments.ts';
import { TENSORS } from '../../../tensor/kinds.ts';
import { scope } from '../../../tensor/scope.ts';
import { describe, Tensor } from '../../../tensor/tensor.ts';
import { OnnxError } from '../error.ts';
import type { ModelProto, NodeProto, ValueInfo } from '../model.ts';
import { Call } from './call.ts';
import { type Endings, endingsOf, LiveValues } from './liveValues.ts';
import { operators } from './operators/index.ts';
import { HostTensor, type Value } from './values.ts';

/** What a model needs of a file. */
export interface Graph extends Pick<ModelProto, 'opset' | 'nodes' | 'inputs' | 'outputs' | 'metadata'> {
  /** What the values of one pass may take. */
  readonly maxBytes: number;
}

const takes = { run: signature('run', { inputs: TENSORS }) };

/**
 * A model from an ONNX file. Its parameters and buffers have the file's names; they train, save and move as those of any module.
 *
 * `forward` takes the inputs in the file's order and returns the first output; `run` returns all.
 */
export class OnnxModel extends Module<Tensor[]> {
  /** Parameters and buffers by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Texts that the file keeps, such as the names of the classes. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #graph: Graph;
  readonly #constants: ReadonlyMap<string, HostTensor>;
  readonly #device: Backend;
  readonly #endings: Endings;

  /** @internal */
  constructor(
    graph: Graph,
    tensors: ReadonlyMap<string, Tensor>,
    constants: ReadonlyMap<string, HostTensor>,
    device: Backend,
  ) {
    super();
    this.tensors = tensors;
    this.metadata = graph.metadata;
    this.#graph = graph;
    this.#constants = constants;
    this.#device = device;
    this.#endings = endingsOf(
      graph.nodes,
      graph.outputs.map(({ name }) => name),
    );
  }

  /** The names of the inputs. */
  get inputNames(): readonly string[] {
    return this.#graph.inputs.map(({ name }) => name);
  }

  /** The names of the outputs. */
  get outputNames(): readonly string[] {
    return this.#graph.outputs.map(({ name }) => name);
  }

  override ownTensors(): [string, Tensor][] {
    return super.ownTensors().map(([name, tensor]) => [name.replace(/^tensors\./, ''), tensor]);
  }

  /** @throws OnnxError if an input does not fit, or a node cannot compute its result; the error names the node */
  override forward(...inputs: Tensor[]): Tensor {
    return scope(() => this.run(inputs)[0]!);
  }

  /** All outputs, in the file's order. */
  run(inputs: readonly Tensor[]): Tensor[] {
    takes.run([inputs]);
    const { inputs: expected, outputs } = this.#graph;
    if (inputs.length !== expected.length) {
      throw new OnnxError(
        `OnnxModel: takes ${expected.length} inputs (${this.inputNames.join(', ')}), got ${inputs.length}`,
      );
    }
    return scope(() => {
      const given = expected.map((info, index) => [info.name, fitted(info, inputs[index]!)] as const);
      const values = new LiveValues([...this.tensors, ...this.#constants, ...given], this.#endings);
      const device = this.#deviceNow();
      const before = device.stats().bytesAlive;
      for (const node of this.#graph.nodes) {
        this.#compute(node, values);
        this.#checkMemory(node, device.stats().bytesAlive - before);
      }
      return outputs.map(({ name }) => {
        const value = values.get(name);
        // A handle of its own: freeing a result must not free an input, or a constant.
        return value instanceof Tensor ? value.handle() : value.on(this.#deviceNow()).handle();
      });
    });
  }

  #checkMemory(node: NodeProto, bytes: number): void {
    const { maxBytes } = this.#graph;
    if (bytes <= maxBytes) return;
    throw new OnnxError(
      `OnnxModel: ${nodeText(node)}: the values up to here take ${bytes} bytes, where ${maxBytes} are allowed: ` +
        'use a smaller batch or noGrad(), or importOnnx(bytes, { maxBytes })',
    );
  }

  #deviceNow(): Backend {
    const [first] = this.tensors.values();
    return first?.device ?? this.#device;
  }

  #compute(node: NodeProto, values: LiveValues): void {
    const operands = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const device = operands.find((each) => each instanceof Tensor)?.device ?? this.#deviceNow();
    const { opset } = this.#graph;
    let results: Value | readonly Value[];
    try {
      results = operators[node.operator]!(
        new Call(node, operands, { opset, device, training: this.training }),
      );
    } catch (error) {
      if (!(error instanceof WgradError)) throw error;
      throw new OnnxError(`OnnxModel: ${nodeText(node)}: ${error.message}`, { cause: error });
    }
    const all = results instanceof Tensor || results instanceof HostTensor ? [results] : results;
    for (const [index, name] of node.outputs.entries()) {
      const value = all[index];
      if (name !== '' && !value)
        throw new OnnxError(`OnnxModel: ${nodeText(node)}: output ${index + 1} is not supported`);
      if (name !== '') values.set(name, value!);
    }
    values.end(node);
  }

  /** Frees parameters, buffers and constants. */
  override dispose(): void {
    super.dispose();
    for (const constant of this.#constants.values()) constant.dispose();
  }

  override extraRepr(): string {
    return `${this.#graph.nodes.length} nodes`;
  }
}

/** `node 'conv1' (Conv)`, the form in which errors name nodes. */
export function nodeText({ name, operator, outputs }: NodeProto): string {
  return `node '${name || outputs[0] || ''}' (${operator})`;
}

/** An input in the dtype in which the library computes. */
function fitted({ name, type, dims }: ValueInfo, x: Tensor): Tensor {
  const wanted = type === 'int64' ? 'int32' : type === 'float16' || type === 'bfloat16' ? 'float32' : type;
  const fits =
    (wanted === undefined || wanted === x.dtype) &&
    (dims === undefined ||
      (dims.length === x.ndim &&
        dims.every((size, axis) => typeof size === 'string' || size === x.shape[axis])));
  if (fits) return x;
  const shape = dims?.map((size) => (size === '' ? '?' : size)).join(', ') ?? '…';
  throw new OnnxError(`OnnxModel: takes ${name} ${wanted ?? 'tensor'}[${shape}], got ${describe(x)}`);
}
