import {
  type Attribute,
  elementTypes,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfo,
} from './model.ts';
import { Writer } from './wire/writer.ts';

// The numbers of fields are those of onnx.proto.

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  const graph = new Writer();
  for (const node of model.nodes) graph.message(1, nodeMessage(node));
  graph.text(2, model.name);
  for (const tensor of model.initializers) graph.message(5, tensorMessage(tensor));
  for (const value of model.inputs) graph.message(11, valueMessage(value));
  for (const value of model.outputs) graph.message(12, valueMessage(value));
  const writer = new Writer()
    .integer(1, model.irVersion)
    .text(2, model.producer)
    .message(7, graph)
    .message(8, new Writer().text(1, '').integer(2, model.opset));
  for (const [key, value] of Object.entries(model.metadata)) {
    writer.message(14, new Writer().text(1, key).text(2, value));
  }
  return writer.finish();
}

function nodeMessage({ name, operator, domain, inputs, outputs, attributes }: NodeProto): Writer {
  const writer = new Writer();
  for (const input of inputs) writer.text(1, input);
  for (const output of outputs) writer.text(2, output);
  writer.text(3, name).text(4, operator);
  for (const [key, attribute] of Object.entries(attributes)) {
    writer.message(5, attributeMessage(key, attribute));
  }
  return domain === '' ? writer : writer.text(7, domain);
}

function attributeMessage(name: string, attribute: Attribute): Writer {
  const writer = new Writer().text(1, name);
  switch (attribute.kind) {
    case 'float':
      return writer.float(2, attribute.value).integer(20, 1);
    case 'int':
      return writer.integer(3, attribute.value).integer(20, 2);
    case 'string':
      return writer.text(4, attribute.value).integer(20, 3);
    case 'tensor':
      return writer.message(5, tensorMessage(attribute.value)).integer(20, 4);
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      return writer.integer(20, 6);
    case 'ints':
      for (const value of attribute.value) writer.integer(8, value);
      return writer.integer(20, 7);
    case 'strings':
      for (const value of attribute.value) writer.text(9, value);
      return writer.integer(20, 8);
    case 'other':
      return writer;
  }
}

function tensorMessage({ name, dims, type, raw }: TensorProto): Writer {
  return new Writer().packed(1, dims).integer(2, elementTypes[type]).text(8, name).bytes(9, raw);
}

function valueMessage({ name, type, dims }: ValueInfo): Writer {
  const shape = new Writer();
  for (const dim of dims ?? []) {
    shape.message(1, typeof dim === 'number' ? new Writer().integer(1, dim) : new Writer().text(2, dim));
  }
  const tensor = new Writer().integer(1, type ? elementTypes[type] : 0);
  if (dims) tensor.message(2, shape);
  return new Writer().text(1, name).message(2, new Writer().message(1, tensor));
}
