import { OnnxError } from './error.ts';
import {
  type Attribute,
  type ElementType,
  elementBytes,
  elementTypes,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfo,
} from './model.ts';
import { Budget, bytesOf, damaged, type Field, fieldsOf, integersOf, textOf } from './wire/reader.ts';

// The numbers of fields are those of onnx.proto.

/**
 * Reads a model. Tensors are views of the bytes where the file keeps them so.
 *
 * @throws OnnxError if the bytes are not a model, or keep tensors in other files
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  // Not Node's Buffer, whose slice is no copy.
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const budget = new Budget();
  const metadata: Record<string, string> = {};
  let [irVersion, producer, opset] = [0, '', 0];
  let graph: Uint8Array | undefined;
  for (const field of fieldsOf(file, budget)) {
    if (field.number === 1) irVersion = field.value;
    else if (field.number === 2) producer = textOf(field);
    else if (field.number === 7) graph = bytesOf(field);
    else if (field.number === 8) opset = opsetOf(field, budget) ?? opset;
    else if (field.number === 14) {
      const [key, value] = entryOf(field, budget);
      Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true });
    }
  }
  if (!graph || irVersion < 1) throw new OnnxError('importOnnx: not an ONNX file: it has no graph');
  return { irVersion, producer, opset, metadata, ...graphOf(graph, budget) };
}

/** The version of the standard's operators; undefined for those of another domain. */
function opsetOf(field: Field, budget: Budget): number | undefined {
  let [domain, version] = ['', 1];
  for (const each of fieldsOf(bytesOf(field), budget)) {
    if (each.number === 1) domain = textOf(each);
    else if (each.number === 2) version = each.value;
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

/** A key and a value. */
function entryOf(field: Field, budget: Budget): [string, string] {
  let [key, value] = ['', ''];
  for (const each of fieldsOf(bytesOf(field), budget)) {
    if (each.number === 1) key = textOf(each);
    else if (each.number === 2) value = textOf(each);
  }
  return [key, value];
}

type Graph = Pick<ModelProto, 'name' | 'nodes' | 'initializers' | 'inputs' | 'outputs'>;

function graphOf(message: Uint8Array, budget: Budget): Graph {
  let name = '';
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  for (const field of fieldsOf(message, budget)) {
    if (field.number === 1) nodes.push(nodeOf(bytesOf(field), budget));
    else if (field.number === 2) name = textOf(field);
    else if (field.number === 5) initializers.push(tensorOf(bytesOf(field), budget));
    else if (field.number === 11) inputs.push(valueOf(bytesOf(field), budget));
    else if (field.number === 12) outputs.push(valueOf(bytesOf(field), budget));
    else if (field.number === 15) throw new OnnxError('importOnnx: sparse tensors are not supported');
  }
  return { name, nodes, initializers, inputs, outputs };
}

function nodeOf(message: Uint8Array, budget: Budget): NodeProto {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let [name, operator, domain] = ['', '', ''];
  for (const field of fieldsOf(message, budget)) {
    if (field.number === 1) inputs.push(textOf(field));
    else if (field.number === 2) outputs.push(textOf(field));
    else if (field.number === 3) name = textOf(field);
    else if (field.number === 4) operator = textOf(field);
    else if (field.number === 5) attributes.set(...attributeOf(bytesOf(field), budget));
    else if (field.number === 7) domain = textOf(field);
  }
  if (operator === '') throw damaged('a node without an operator');
  const standard = domain === 'ai.onnx' ? '' : domain;
  return { name, operator, domain: standard, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

/** The kinds of attributes by their numbers. */
const KINDS: Readonly<Record<number, Attribute['kind']>> = {
  1: 'float',
  2: 'int',
  3: 'string',
  4: 'tensor',
  6: 'floats',
  7: 'ints',
  8: 'strings',
};

function attributeOf(message: Uint8Array, budget: Budget): [string, Attribute] {
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  let [name, float, int, text, type] = ['', 0, 0, '', 0];
  let tensor: TensorProto | undefined;
  for (const field of fieldsOf(message, budget)) {
    if (field.number === 1) name = textOf(field);
    else if (field.number === 2) float = field.value;
    else if (field.number === 3) int = field.value;
    else if (field.number === 4) text = textOf(field);
    else if (field.number === 5) tensor = tensorOf(bytesOf(field), budget);
    else if (field.number === 7) append(floats, floatsOf(field));
    else if (field.number === 8) append(ints, integersOf(field));
    else if (field.number === 9) strings.push(textOf(field));
    else if (field.number === 20) type = field.value;
  }
  const kind = KINDS[type] ?? 'other';
  const values = { float, int, string: text, tensor, floats, ints, strings, other: undefined };
  if (kind === 'tensor' && !tensor) throw new OnnxError(`importOnnx: the attribute '${name}' has no tensor`);
  return [name, { kind, value: values[kind] } as Attribute];
}

/** A loop, because a long list overflows the stack as arguments. */
function append(list: number[], more: readonly number[]): void {
  for (const each of more) list.push(each);
}

function floatsOf({ value, bytes }: Field): number[] {
  if (!bytes) return [value];
  return Array.from(new Float32Array(bytes.slice(0, bytes.length - (bytes.length % 4)).buffer));
}

const typeNames = new Map(
  Object.entries(elementTypes).map(([name, number]) => [number as number, name as ElementType]),
);

/** A tensor, with its elements in row-major order whatever fields the file keeps them in. */
function tensorOf(message: Uint8Array, budget: Budget): TensorProto {
  const dims: number[] = [];
  const integers: number[] = [];
  let [name, type] = ['', 0];
  let [raw, floats, doubles]: (Uint8Array | undefined)[] = [];
  const singles: number[] = [];
  let external = false;
  for (const field of fieldsOf(message, budget)) {
    if (field.number === 1) append(dims, integersOf(field));
    else if (field.number === 2) type = field.value;
    else if (field.number === 4 && field.bytes) floats = field.bytes;
    else if (field.number === 4) singles.push(field.value);
    else if (field.number === 5 || field.number === 7 || field.number === 11)
      append(integers, integersOf(field));
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 9) raw = bytesOf(field);
    else if (field.number === 10) doubles = bytesOf(field);
    else if (field.number === 13 || (field.number === 14 && field.value === 1)) external = true;
  }
  const what = `importOnnx: the tensor '${name}'`;
  if (external) {
    throw new OnnxError(
      `${what} lies in another file, which is not read; save the model with its tensors inside (onnx.save_model(model, path, save_as_external_data=False))`,
    );
  }
  const kind = typeNames.get(type);
  if (!kind || kind === 'string') {
    throw new OnnxError(
      `${what} has type ${kind ?? type}; supported are ${[...typeNames.values()].filter((each) => each !== 'string').join(', ')}`,
    );
  }
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.some((size) => !Number.isSafeInteger(size) || size < 0) || !Number.isSafeInteger(count)) {
    throw new OnnxError(`${what} has the shape [${dims.slice(0, 16).join(', ')}]`);
  }
  const bytes =
    raw ??
    (kind === 'float32' ? (floats ?? new Uint8Array(Float32Array.from(singles).buffer)) : undefined) ??
    (kind === 'float64' ? doubles : undefined) ??
    packed(kind, integers);
  if (bytes.length !== count * elementBytes[kind]) {
    throw new OnnxError(
      `${what} has ${bytes.length} bytes, where ${kind}[${dims.join(', ')}] has ${count * elementBytes[kind]}`,
    );
  }
  return { name, dims, type: kind, raw: bytes };
}

/** Integers, as the elements of a type. Those of float16 and bfloat16 are their bits. */
function packed(type: ElementType, integers: readonly number[]): Uint8Array {
  const size = elementBytes[type];
  const bytes = new Uint8Array(integers.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of integers.entries()) {
    if (size === 8) view.setBigInt64(index * 8, BigInt.asIntN(64, BigInt(value)), true);
    else if (size === 4) view.setInt32(index * 4, value, true);
    else if (size === 2) view.setInt16(index * 2, value, true);
    else view.setInt8(index, value);
  }
  return bytes;
}

function valueOf(message: Uint8Array, budget: Budget): ValueInfo {
  let name = '';
  let [type, dims]: [ElementType | undefined, (number | string)[] | undefined] = [undefined, undefined];
  for (const field of fieldsOf(message, budget)) {
    if (field.number === 1) name = textOf(field);
    if (field.number !== 2) continue;
    for (const kind of fieldsOf(bytesOf(field), budget)) {
      if (kind.number !== 1) continue;
      for (const part of fieldsOf(bytesOf(kind), budget)) {
        if (part.number === 1) type = typeNames.get(part.value);
        else if (part.number === 2) dims = dimsOf(bytesOf(part), budget);
      }
    }
  }
  return { name, type, dims };
}

function dimsOf(message: Uint8Array, budget: Budget): (number | string)[] {
  const dims: (number | string)[] = [];
  for (const field of fieldsOf(message, budget)) {
    if (field.number !== 1) continue;
    let dim: number | string = '';
    for (const part of fieldsOf(bytesOf(field), budget)) dim = part.number === 1 ? part.value : textOf(part);
    dims.push(dim);
  }
  return dims;
}
