import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/formats/onnx/encode.ts';
import { importOnnx, OnnxError } from '../../../src/formats/onnx/index.ts';
import type { Attributes, ModelProto, NodeProto, TensorProto } from '../../../src/formats/onnx/model.ts';
import { Writer } from '../../../src/formats/onnx/wire/writer.ts';
import { open, setDefaultDevice, tensor, zeros } from '../../../src/index.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

const int64 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const vector = (name: string, values: readonly number[]): TensorProto => ({
  name,
  dims: [values.length],
  type: 'int64',
  raw: int64(values),
});
const node = (
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  domain: string = '',
): NodeProto => ({ name: `my ${operator}`, operator, domain, inputs, outputs, attributes });

function file(nodes: readonly NodeProto[], rest: Partial<ModelProto> = {}): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producer: 'test',
    opset: 17,
    name: 'graph',
    nodes,
    initializers: [],
    inputs: [{ name: 'x', type: 'float32', dims: [2, 3] }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    metadata: {},
    ...rest,
  });
}

const X = (): ReturnType<typeof tensor> =>
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
const fault = (bytes: Uint8Array, x?: ReturnType<typeof tensor>): string => {
  try {
    const model = importOnnx(bytes);
    if (x) model.forward(x);
    return 'no fault';
  } catch (error) {
    if (error instanceof OnnxError) return error.message;
    throw error;
  }
};

describe('a damaged file ends in an OnnxError', () => {
  const whole = readFileSync('tests/fixtures/onnx/vit.onnx');

  it('where it is cut off', () => {
    for (let length = 0; length < whole.length; length += 61) {
      expect(fault(whole.subarray(0, length)), String(length)).toMatch(/^importOnnx: /);
    }
  });

  it('where bytes of its structure differ', () => {
    // A fixed sequence of positions and values. What is still a model is none of this test's business.
    let seed = 1;
    const random = (most: number): number => (seed = (seed * 48_271) % 2_147_483_647) % most;
    const structure = whole.length - 24_000;
    for (let round = 0; round < 400; round++) {
      const bytes = Uint8Array.from(whole);
      for (let change = 0; change < 3; change++) bytes[random(structure)] = random(256);
      expect(fault(bytes)).toMatch(/^(importOnnx: |no fault)/);
    }
  });
});

describe('an OnnxError says what is wrong:', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /not an ONNX file: it has no graph/],
    ['text', new TextEncoder().encode('{"model": true}'), /not an ONNX file, or a damaged one/],
    ['a number without an end', new Uint8Array(12).fill(255), /a number of more than ten bytes/],
    [
      'a field that is longer than the file',
      Uint8Array.of(58, 100, 1),
      /a field of 100 bytes, where 1 are left/,
    ],
    ['a group', Uint8Array.of(11, 1), /wire type 3/],
    [
      'a node without an operator',
      new Writer().integer(1, 8).message(7, new Writer().bytes(1, new Uint8Array())).finish(),
      /a node without an operator/,
    ],
    ['field 0', Uint8Array.of(0, 1), /field number 0/],
    ['an old opset', file([node('Relu', ['x'], ['y'])], { opset: 6 }), /takes opset 7 to 28, got 6/],
    [
      'unknown operators, all of them',
      file([
        node('LSTM', ['x'], ['h']),
        node('Loop', ['h'], ['y']),
        node('Relu', ['y'], ['z'], {}, 'com.example'),
      ]),
      /node 'my LSTM' \(LSTM\) is not supported\. Not supported in this file: LSTM, Loop, com\.example\.Relu\. Supported are Abs, Add, /,
    ],
    [
      'a value that nothing writes',
      file([node('Relu', ['z'], ['y'])]),
      /node 'my Relu' \(Relu\) reads 'z', which nothing before it writes/,
    ],
    ['a circle', file([node('Relu', ['y'], ['y'])]), /reads 'y', which nothing before it writes/],
    [
      'a value with two writers',
      file([node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])]),
      /writes 'y' a second time/,
    ],
    ['an output that nothing writes', file([node('Relu', ['x'], ['z'])]), /no node writes the output 'y'/],
    [
      'a tensor with too few bytes',
      file([node('Add', ['x', 'b'], ['y'])], {
        initializers: [{ name: 'b', dims: [1000, 1000], type: 'float32', raw: new Uint8Array(4) }],
      }),
      /the tensor 'b' has 4 bytes, where float32\[1000, 1000\] has 4000000/,
    ],
    [
      'a tensor of a negative size',
      file([node('Add', ['x', 'b'], ['y'])], {
        initializers: [{ name: 'b', dims: [-1], type: 'float32', raw: new Uint8Array() }],
      }),
      /the tensor 'b' has the shape \[-1\]/,
    ],
    [
      'strings',
      file([node('Add', ['x', 'b'], ['y'])], {
        initializers: [{ name: 'b', dims: [0], type: 'string', raw: new Uint8Array() }],
      }),
      /the tensor 'b' has type string; supported are float32, uint8/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(fault(bytes)).toMatch(message);
  });

  it('tensors in another file', () => {
    const location = new Writer().text(1, 'location').text(2, '../../secret');
    const external = new Writer()
      .integer(1, 2)
      .integer(2, 1)
      .text(8, 'weights')
      .message(13, location)
      .integer(14, 1);
    const graph = new Writer().message(5, external);
    expect(fault(new Writer().integer(1, 8).message(7, graph).finish())).toMatch(
      /the tensor 'weights' lies in another file, which is not read/,
    );
  });

  it('fractions where integers belong', () => {
    // Field 7, int64_data, as the eight bytes of a float64.
    const fraction = Uint8Array.from([(7 << 3) | 1, ...new Uint8Array(Float64Array.of(0.5).buffer)]);
    const head = new Writer().integer(1, 1).integer(2, 7).text(8, 's').finish();
    const graph = new Writer().bytes(5, Uint8Array.from([...head, ...fraction]));
    expect(fault(new Writer().integer(1, 8).message(7, graph).finish())).toMatch(
      /0\.5 in place of an integer/,
    );
  });

  it('more fields than a file may have', () => {
    // Empty texts: names of the graph.
    const graph = new Uint8Array(2 * 1_000_000);
    for (let at = 0; at < graph.length; at += 2) graph[at] = 18;
    expect(fault(new Writer().integer(1, 8).bytes(7, graph).finish())).toMatch(
      /more than 1000000 fields in one file/,
    );
  });
});

it('a list of many numbers as an attribute overflows no stack', () => {
  const many = new Writer()
    .text(1, 'many')
    .bytes(7, new Uint8Array(4 * 300_000))
    .integer(20, 6);
  const graph = new Writer().message(1, new Writer().text(4, 'Constant').message(5, many));
  expect(fault(new Writer().integer(1, 8).message(7, graph).finish())).toMatch(/takes opset 7 to 28, got 0/);
});

describe('a node that cannot compute names itself:', () => {
  const shape = (values: readonly number[]): Partial<ModelProto> => ({ initializers: [vector('s', values)] });
  it.each<[string, Uint8Array, RegExp]>([
    [
      'a huge expansion',
      file([node('Expand', ['x', 's'], ['y'])], shape([2 ** 30, 2, 3])),
      /node 'my Expand' \(Expand\): a tensor of shape \[1073741824, 2, 3\], where 268435456 elements are allowed/,
    ],
    [
      'a huge constant',
      file([node('ConstantOfShape', ['s'], ['y'])], shape([2 ** 40])),
      /a tensor of shape \[1099511627776\]/,
    ],
    [
      'a huge constant of integers',
      file(
        [node('ConstantOfShape', ['s'], ['y'], { value: { kind: 'tensor', value: vector('', [1]) } })],
        shape([2 ** 27]),
      ),
      /a constant of 134217728 elements, where 1048576 are allowed/,
    ],
    ['a huge border', file([node('Pad', ['x', 's'], ['y'])], shape([0, 0, 2 ** 31, 0])), /a tensor of shape/],
    ['a huge repetition', file([node('Tile', ['x', 's'], ['y'])], shape([2 ** 31, 1])), /a tensor of shape/],
    [
      'a shape that does not fit',
      file([node('Reshape', ['x', 's'], ['y'])], shape([4])),
      /node 'my Reshape' \(Reshape\): reshape: the number of elements does not fit/,
    ],
    [
      'an axis out of range',
      file([node('Softmax', ['x'], ['y'], { axis: { kind: 'int', value: 5 } })]),
      /axis 5 is out of range for 2 dims/,
    ],
    [
      'an attribute of the wrong kind',
      file([node('Softmax', ['x'], ['y'], { axis: { kind: 'string', value: '1' } })]),
      /takes an attribute axis of kind int, got string/,
    ],
    [
      'too few inputs',
      file([node('Add', ['x'], ['y'])]),
      /node 'my Add' \(Add\): takes at least 2 inputs, got 1/,
    ],
    [
      'a shape that depends on values',
      file([
        node('Cast', ['x'], ['c'], { to: { kind: 'int', value: 7 } }),
        node('Reshape', ['x', 'c'], ['y']),
      ]),
      /input 2 is computed from the values of tensors; it must follow from constants and shapes/,
    ],
    [
      'two outputs where there is one',
      file([node('Relu', ['x'], ['y', 'z']), node('Relu', ['z'], ['w'])]),
      /output 2 is not supported/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(fault(bytes, X())).toMatch(message);
  });

  it('an input of another shape or dtype', () => {
    const bytes = file([node('Relu', ['x'], ['y'])]);
    expect(fault(bytes, tensor([1, 2]))).toBe('OnnxModel: takes x float32[2, 3], got float32[2]');
    expect(
      fault(
        bytes,
        tensor(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          { dtype: 'int32' },
        ),
      ),
    ).toBe('OnnxModel: takes x float32[2, 3], got int32[2, 3]');
    expect(() => importOnnx(bytes).forward(X(), X())).toThrow('OnnxModel: takes 1 inputs (x), got 2');
  });
});

describe('a small file cannot ask for all memory', () => {
  const chain = (operator: string, count: number): NodeProto[] =>
    Array.from({ length: count }, (_, at) =>
      node(operator, at === 0 ? ['x', 'x'] : [`v${at}`, `v${at}`], [at === count - 1 ? 'y' : `v${at + 1}`], {
        ...(operator === 'Concat' && { axis: { kind: 'int', value: 0 } as const }),
      }),
    );
  const tall = (rows: number): ReturnType<typeof tensor> => zeros([rows, 1]);

  it('by a value that doubles', () => {
    expect(fault(file(chain('Concat', 60)), X())).toMatch(/my Concat.*where 268435456 elements are allowed/);
  });

  it.each([
    ['a sum that broadcasts', 'Add'],
    ['a product', 'MatMul'],
  ])('by %s', (_, operator) => {
    const nodes = [
      node('Transpose', ['x'], ['t'], { perm: { kind: 'ints', value: [1, 0] } }),
      node(operator, ['x', 't'], ['y']),
    ];
    const inputs = [{ name: 'x', type: 'float32' as const, dims: ['n', 1] }];
    expect(fault(file(nodes, { inputs }), tall(20_000))).toMatch(
      /a tensor of shape \[20000, 20000\], where 268435456 elements are allowed/,
    );
  });

  const many = [
    ...Array.from({ length: 40 }, (_, at) => node('Exp', ['x'], [`v${at}`])),
    node(
      'Sum',
      Array.from({ length: 40 }, (_, at) => `v${at}`),
      ['y'],
    ),
  ];

  it('by many values at a time', () => {
    const model = importOnnx(file(many), { maxBytes: 900 });
    expect(() => model.forward(X())).toThrow(
      /OnnxModel: node 'my Exp' \(Exp\): the values up to here take \d+ bytes, where 900/,
    );
    expect(importOnnx(file(many)).forward(X()).shape).toEqual([2, 3]);
  });

  it('by many values, one after another, which takes little', () => {
    const nodes = Array.from({ length: 40 }, (_, at) =>
      node('Tanh', [at === 0 ? 'x' : `v${at}`], [at === 39 ? 'y' : `v${at + 1}`]),
    );
    expect(importOnnx(file(nodes), { maxBytes: 900 }).forward(X()).shape).toEqual([2, 3]);
  });
});

describe('values are freed after the last node that reads them', () => {
  const same = [
    node('Identity', ['x'], ['a']),
    node('Identity', ['a'], ['b']),
    node('Exp', ['b'], ['c']),
    node('Identity', ['c'], ['d']),
    node('Add', ['c', 'a'], ['e']),
    node('Add', ['d', 'e'], ['y']),
  ];

  it('also where an operator returns its operand', async () => {
    const x = X();
    const y = importOnnx(file(same)).forward(x);
    const exponential = x.exp();
    expect(await y.data()).toEqual(await exponential.add(exponential.add(x)).data());
  });

  it('and gradients flow', async () => {
    const x = X();
    x.requiresGrad = true;
    importOnnx(file(same)).forward(x).sum().backward();
    const numbers = await X().data();
    const gradient = await x.grad!.data();
    for (const [at, value] of numbers.entries()) expect(gradient[at]).toBeCloseTo(2 * Math.exp(value) + 1, 3);
  });
});
