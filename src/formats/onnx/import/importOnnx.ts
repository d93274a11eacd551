import type { Backend } from '../../../backend/backend.ts';
import { Parameter } from '../../../nn/index.ts';
import { type Kind, type Rest, signature } from '../../../tensor/arguments.ts';
import { tensor } from '../../../tensor/create.ts';
import { defaultDevice } from '../../../tensor/device.ts';
import { DEVICE, listOf, NUMBER, STRING } from '../../../tensor/kinds.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { decodeModel } from '../decode.ts';
import { OnnxError } from '../error.ts';
import type { ModelProto, NodeProto, TensorProto } from '../model.ts';
import { usedNodes } from '../usedNodes.ts';
import { nodeText, OnnxModel } from './onnxModel.ts';
import { operators } from './operators/index.ts';
import { HostTensor, hostTensor, isFloatingType, numbersOf } from './values.ts';

/** Options of `importOnnx`. */
export interface ImportOptions {
  /** The device of the parameters; by default the one that `init` opened last. */
  device?: Backend;
  /** The outputs that are wanted, by name; all by default. Nodes that only others need are left out, and may be anything. */
  outputs?: readonly string[];
  /**
   * What the values of a forward pass may take, in bytes; 4 GiB by default. A value is freed after the last node that reads
   * it, unless gradients are recorded.
   */
  maxBytes?: number;
}

const BYTES: Kind = { takes: 'the bytes of a file', fits: (value) => value instanceof Uint8Array };
const takes = signature<ImportOptions>(
  'importOnnx',
  { bytes: BYTES },
  { device: DEVICE, outputs: listOf(STRING), maxBytes: NUMBER },
  0,
);

/** The versions of operators that can be read. */
const [FIRST_OPSET, LAST_OPSET] = [7, 28];

/**
 * Inputs of operators that say what is computed, and are no weights: numbers on the host. Running statistics are buffers.
 */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Pad: [1, 2, 3],
  Resize: [1, 2, 3],
  Upsample: [1],
  Dropout: [1, 2],
};
const STATISTICS: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/**
 * Reads an ONNX file as a module, in evaluation mode. Initializers of floating-point numbers become parameters, which can be
 * trained; the running statistics of batch norm become buffers.
 *
 * Integers and single numbers stay on the host, because shapes and axes follow from them. int64 becomes int32, float16 and
 * bfloat16 become float32.
 *
 * @param options.device see `ImportOptions`
 * @throws OnnxError for bytes that are no ONNX file, operators that are not supported (all are named), and tensors in other files
 * @example
 * const model = importOnnx(await readFile('model.onnx'));
 * const logits = model.forward(images);
 */
export function importOnnx(bytes: Uint8Array, ...rest: Rest<ImportOptions>): OnnxModel {
  const { device = defaultDevice(), outputs, maxBytes = 2 ** 32 } = takes([bytes, ...rest]);
  const whole = decodeModel(bytes);
  const proto = outputs ? withOutputs(whole, outputs) : whole;
  checkGraph(proto);
  const [settings, statistics] = [namesOf(proto.nodes, SETTINGS), namesOf(proto.nodes, STATISTICS)];
  const tensors = new Map<string, Tensor>();
  const constants = new Map<string, HostTensor>();
  try {
    for (const each of proto.initializers) {
      const isWeight = isFloatingType(each) && each.dims.length > 0 && !settings.has(each.name);
      if (isWeight) tensors.set(each.name, weight(each, device, !statistics.has(each.name)));
      else constants.set(each.name, hostTensor(each));
    }
  } catch (error) {
    for (const each of tensors.values()) each.dispose();
    throw error;
  }
  const given = new Set(proto.initializers.map(({ name }) => name));
  const inputs = proto.inputs.filter(({ name }) => !given.has(name));
  return new OnnxModel(
    { ...proto, inputs, nodes: prepared(proto, constants), maxBytes },
    tensors,
    constants,
    device,
  ).eval();
}

/** The part of a graph that some outputs need. */
function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const outputs = names.map((name) => {
    const found = proto.outputs.find((each) => each.name === name);
    if (found) return found;
    throw new OnnxError(
      `importOnnx: takes outputs ${proto.outputs.map((each) => each.name).join(', ')}, got '${name}'`,
    );
  });
  const nodes = usedNodes(proto.nodes, names);
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const initializers = proto.initializers.filter(({ name }) => read.has(name) || names.includes(name));
  return { ...proto, nodes, initializers, outputs };
}

/** The names of initializers at some inputs of operators. */
function namesOf(
  nodes: readonly NodeProto[],
  places: Readonly<Record<string, readonly number[]>>,
): Set<string> {
  return new Set(
    nodes.flatMap(({ operator, inputs }) =>
      Object.hasOwn(places, operator) ? places[operator]!.flatMap((at) => inputs[at] ?? []) : [],
    ),
  );
}

function weight(proto: TensorProto, device: Backend, isTrained: boolean): Tensor {
  const dtype = proto.type === 'float64' && device.name === 'cpu' ? 'float64' : 'float32';
  const numbers = numbersOf(proto);
  const data =
    numbers instanceof Float32Array || numbers instanceof Float64Array ? numbers : Float32Array.from(numbers);
  const values = tensor(data, { shape: proto.dims, dtype, device });
  if (!isTrained) return values;
  const parameter = new Parameter(values);
  values.dispose();
  return parameter;
}

/** Nodes without those that are constants, which are computed once, and without outputs that nothing reads. */
function prepared({ nodes, outputs: wanted }: ModelProto, constants: Map<string, HostTensor>): NodeProto[] {
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...wanted.map(({ name }) => name)]);
  const computed = nodes.filter(({ operator, outputs, attributes }) => {
    const value = Object.hasOwn(attributes, 'value') ? attributes['value'] : undefined;
    if (operator !== 'Constant' || value?.kind !== 'tensor') return true;
    constants.set(outputs[0]!, hostTensor(value.value));
    return false;
  });
  return computed.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (read.has(name) ? name : '')),
  }));
}

/** Throws OnnxError unless every node can be computed from what comes before it. */
function checkGraph({ opset, nodes, initializers, inputs, outputs }: ModelProto): void {
  if (opset < FIRST_OPSET || opset > LAST_OPSET) {
    throw new OnnxError(`importOnnx: takes opset ${FIRST_OPSET} to ${LAST_OPSET}, got ${opset}`);
  }
  const unknown = nodes.filter(
    ({ operator, domain }) => domain !== '' || !Object.hasOwn(operators, operator),
  );
  if (unknown.length > 0) {
    const names = [
      ...new Set(unknown.map(({ operator, domain }) => (domain === '' ? operator : `${domain}.${operator}`))),
    ];
    throw new OnnxError(
      `importOnnx: ${nodeText(unknown[0]!)} is not supported. Not supported in this file: ${names.slice(0, 32).join(', ')}. Supported are ${Object.keys(operators).toSorted().join(', ')}`,
    );
  }
  const known = new Set([...inputs, ...initializers].map(({ name }) => name));
  for (const node of nodes) {
    const missing = node.inputs.find((name) => name !== '' && !known.has(name));
    if (missing !== undefined) {
      throw new OnnxError(`importOnnx: ${nodeText(node)} reads '${missing}', which nothing before it writes`);
    }
    for (const name of node.outputs) {
      if (name === '') continue;
      if (known.has(name))
        throw new OnnxError(`importOnnx: ${nodeText(node)} writes '${name}' a second time`);
      known.add(name);
    }
  }
  const missing = outputs.find(({ name }) => !known.has(name));
  if (missing || outputs.length === 0) {
    throw new OnnxError(
      `importOnnx: ${missing ? `no node writes the output '${missing.name}'` : 'the graph has no outputs'}`,
    );
  }
}
