import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  SafetensorsError,
  decodeSafetensors,
  encodeSafetensors,
} from '../../src/formats/safetensors/index.ts';
import type { SafeTensor, SafetensorsDtype, TensorValues } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';

/** Bytes of an element, and the array that holds it; a tensor of the packed ones has a last axis of 4. */
const encodings = {
  F64: [8, Float64Array],
  I64: [8, BigInt64Array],
  U64: [8, BigUint64Array],
  C64: [8, Float32Array],
  F32: [4, Float32Array],
  I32: [4, Int32Array],
  U32: [4, Uint32Array],
  F16: [2, Uint16Array],
  BF16: [2, Uint16Array],
  I16: [2, Int16Array],
  U16: [2, Uint16Array],
  F8_E5M2: [1, Uint8Array],
  F8_E4M3: [1, Uint8Array],
  F8_E8M0: [1, Uint8Array],
  F8_E4M3FNUZ: [1, Uint8Array],
  F8_E5M2FNUZ: [1, Uint8Array],
  I8: [1, Int8Array],
  U8: [1, Uint8Array],
  BOOL: [1, Uint8Array],
  F6_E2M3: [0.75, Uint8Array],
  F6_E3M2: [0.75, Uint8Array],
  F4: [0.5, Uint8Array],
} as const satisfies Record<SafetensorsDtype, unknown>;
const dtypes = Object.keys(encodings) as SafetensorsDtype[];

function filled(dtype: SafetensorsDtype, sizes: number[], fill = (index: number) => index % 2): SafeTensor {
  const [bytes, array] = encodings[dtype];
  const shape = bytes < 1 ? [...sizes, 4] : sizes;
  const length = shape.reduce((product, size) => product * size, 1) * bytes;
  const values = Uint8Array.from({ length }, (_, index) => fill(index));
  return { dtype, shape, data: new array(values.buffer) };
}

/** A file with any header over `size` bytes of data. */
function file(header: string | Uint8Array, size = 0, length?: bigint): Uint8Array {
  const json = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(size)]);
}

function bytesOf(data: TensorValues): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

const anyTensor = fc
  .tuple(
    fc.constantFrom(...dtypes),
    fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
    fc.infiniteStream(fc.nat({ max: 255 })),
  )
  .map(([dtype, shape, bytes]) => filled(dtype, shape, () => Number(bytes.next().value)));
const anyText = fc.string({ unit: 'binary' });
const anyFile = fc.record({
  tensors: fc.uniqueArray(fc.tuple(fc.oneof(anyText, fc.constantFrom('0', '__proto__', 'a"b')), anyTensor), {
    selector: ([name]) => name,
    maxLength: 6,
  }),
  metadata: fc.uniqueArray(fc.tuple(anyText, anyText), { selector: ([key]) => key, maxLength: 3 }),
});

describe('encodeSafetensors', () => {
  it('writes these bytes', () => {
    const bytes = encodeSafetensors(
      {
        b: { dtype: 'U8', shape: [1], data: new Uint8Array([7]) },
        '0': filled('F32', [2]),
        a: filled('F32', []),
      },
      { z: '1', format: 'pt' },
    );
    const json =
      '{"__metadata__":{"format":"pt","z":"1"},' +
      '"0":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
      '"b":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}';
    const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
    const header = Buffer.concat([Buffer.from([padded.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(padded)]);
    expect(Buffer.from(bytes).toString('latin1')).toBe(
      header.toString('latin1') + '\x00\x01\x00\x01'.repeat(3) + '\x07',
    );
  });

  it('gives the same bytes in whatever order tensors and metadata come', () => {
    fc.assert(
      fc.property(anyFile, ({ tensors, metadata }) => {
        const forward = encodeSafetensors(new Map(tensors), new Map(metadata));
        const backward = encodeSafetensors(new Map(tensors.toReversed()), new Map(metadata.toReversed()));
        expect(Buffer.compare(forward, backward)).toBe(0);
        expect(forward[8]).toBe(0x7b);
        expect(new DataView(forward.buffer).getUint32(0, true) % 8).toBe(0);
      }),
    );
  });

  it('orders names by their bytes in UTF-8, as the reference implementation does', () => {
    const names = ['z', '\u{1f600}', '\uff21', 'ab', 'a', '\u00e9'];
    const bytes = encodeSafetensors(new Map(names.map((name) => [name, filled('U8', [1])])));
    expect([...decodeSafetensors(bytes).tensors.keys()]).toEqual([
      ...['a', 'ab', 'z', '\u00e9', '\uff21', '\u{1f600}'],
    ]);
  });

  it('writes a view from its own place', () => {
    const data = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors({ x: { dtype: 'F32', shape: [2], data } }));
    expect(tensors.get('x')!.data).toEqual(new Float32Array([2, 3]));
  });

  it.each<[string, RegExp, Record<string, SafeTensor>, Record<string, string>?]>([
    [
      'a shape that does not fit',
      /tensor x: shape and data.*F32 of shape \[3\] in an array of 2/,
      { x: { ...filled('F32', [2]), shape: [3] } },
    ],
    ['a negative size', /tensor x: shape and data/, { x: { ...filled('F32', [2]), shape: [-2] } }],
    [
      'the wrong array',
      /F32 takes a Float32Array; got F32 with a Int32Array/,
      { x: { ...filled('I32', [2]), dtype: 'F32' } },
    ],
    [
      'an unknown dtype',
      /dtype takes F64, .*; got F8/,
      { x: { ...filled('I32', [2]), dtype: 'F8' as 'F16' } },
    ],
    [
      'a name that means metadata',
      /no tensor can have the name "__metadata__"/,
      { __metadata__: filled('F32', [2]) },
    ],
    ['half a surrogate pair', /no tensor can have the name/, { '\ud800': filled('F32', [2]) }],
    ['half a surrogate pair in metadata', /metadata takes strings/, {}, { key: '\udc00' }],
    ['half a surrogate pair as a key of metadata', /metadata takes strings/, {}, { '\udc00': 'text' }],
    ['a negative size without data', /shape and data/, { x: { ...filled('F32', [0]), shape: [-1] } }],
    ['minus zero as a size', /shape and data/, { x: { ...filled('F32', [0]), shape: [-0] } }],
    ['a size that is no number', /shape and data/, { x: { ...filled('F32', [0]), shape: [NaN] } }],
    [
      'a shape that overflows',
      /shape and data/,
      { x: { ...filled('F32', [0]), shape: [2 ** 40, 2 ** 40, 0] } },
    ],
    [
      'metadata that is no string',
      /metadata takes strings; got "key": 3/,
      {},
      { key: 3 as unknown as string },
    ],
  ])('refuses %s', (_, message, tensors, metadata) => {
    expect(() => encodeSafetensors(tensors, metadata)).toThrow(SafetensorsError);
    expect(() => encodeSafetensors(tensors, metadata)).toThrow(message);
  });
});

describe('decodeSafetensors', () => {
  it('gives back every tensor and all metadata', () => {
    fc.assert(
      fc.property(anyFile, ({ tensors, metadata }) => {
        const decoded = decodeSafetensors(encodeSafetensors(new Map(tensors), new Map(metadata)));
        expect(decoded.metadata).toEqual(new Map(metadata));
        expect(new Set(decoded.tensors.keys())).toEqual(new Set(tensors.map(([name]) => name)));
        for (const [name, { dtype, shape, data }] of tensors) {
          const got = decoded.tensors.get(name)!;
          expect([got.dtype, got.shape, bytesOf(got.data)]).toEqual([dtype, shape, bytesOf(data)]);
        }
      }),
    );
  });

  it('reads files of other writers: no padding, white space, any order, offsets that are not aligned', () => {
    const header =
      '{ "f" : {"shape":[1],"data_offsets":[1,5],"dtype":"F32"},\n' +
      ' "\\u0062":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}\n';
    const { tensors } = decodeSafetensors(file(header, 5));
    expect([...tensors.keys()]).toEqual(['f', 'b']);
    expect(tensors.get('f')!.data).toEqual(new Float32Array(1));
  });

  it('reads from the middle of a buffer', () => {
    const bytes = encodeSafetensors({ x: filled('F64', [1]) });
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(decodeSafetensors(moved.subarray(3))).toEqual(decodeSafetensors(bytes));
  });

  it('checks places by themselves, not their product', () => {
    const big = 100_000_000;
    const header =
      `{"a":{"dtype":"U8","shape":[${big}],"data_offsets":[0,${big}]},` +
      `"b":{"dtype":"U8","shape":[${big}],"data_offsets":[${big},${2 * big}]}}`;
    expect(() => decodeSafetensors(file(header))).toThrow(`take ${2 * big} bytes of data; the file has 0`);
  });

  const entry = (changes: object): string =>
    JSON.stringify({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes } });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  it.each<[string, RegExp, Uint8Array]>([
    ['an empty file', /at least 8 bytes; got 0/, new Uint8Array()],
    ['a header longer than the file', /header takes at most 2 bytes.*got 3/, file('{}', 0, 3n)],
    ['a header longer than 100 MB', /got 18446744073709551615/, file('{}', 0, 2n ** 64n - 1n)],
    ['an empty header', /not JSON in UTF-8/, file('')],
    ['no JSON', /not JSON in UTF-8/, file('{"a":}')],
    ['bytes that are no UTF-8', /not JSON in UTF-8/, file(new Uint8Array([0x7b, 0xff, 0x7d]))],
    ['a byte order mark', /not JSON in UTF-8/, file('\ufeff{}')],
    ['space before the brace', /starts at its first byte/, file(' {}')],
    ['a list', /one JSON object/, file('[]')],
    ['null', /one JSON object/, file('null')],
    ['a key twice', /the key "a" twice/, file('{"a":1,"b":{"a":"\\"a\\":"},"\\u0061":2}')],
    ['a key twice inside', /the key "dtype" twice/, file('{"x":{"dtype":"F32","dtype":"F32"}}')],
    ['metadata that is no object', /__metadata__ takes an object/, file('{"__metadata__":["a"]}')],
    [
      'metadata that is no string',
      /__metadata__ takes strings; got "a": 1/,
      file('{"__metadata__":{"a":1}}'),
    ],
    ['a tensor that is no object', /tensor "x": takes an object/, file('{"x":null}')],
    ['a hostile name', /tensor "__proto__": takes an object/, file('{"__proto__":[]}')],
    ['a hostile key', /unknown key "__proto__"/, file('{"x":{"__proto__":{"dtype":"F32"}}}')],
    ['half a surrogate pair', /not valid text/, file('{"\\ud800":{}}')],
    [
      'half a surrogate pair as a key of metadata',
      /__metadata__ takes strings/,
      file('{"__metadata__":{"\\ud800":"a"}}'),
    ],
    ['an unknown key', /unknown key "more"/, file(entry({ more: 1 }), 8)],
    [
      'a tensor that ends within a byte',
      /takes 1.5 bytes.*span 2/,
      file(entry({ dtype: 'F4', shape: [3], data_offsets: [0, 2] }), 2),
    ],
    ['an unknown dtype', /got "F33"/, file(entry({ dtype: 'F33' }), 8)],
    ['a dtype from the prototype', /got "constructor"/, file(entry({ dtype: 'constructor' }), 8)],
    ['a missing dtype', /got nothing/, file('{"x":{"shape":[2],"data_offsets":[0,8]}}', 8)],
    ['a dtype nested deeply', /dtype takes/, file(`{"x":{"dtype":${deep}}}`)],
    ['a missing shape', /shape takes.*got nothing/, file(entry({ shape: undefined }), 8)],
    ['a negative size', /shape takes/, file(entry({ shape: [-2] }), 8)],
    ['minus zero', /shape takes/, file('{"x":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}')],
    ['a size that is no whole number', /shape takes/, file(entry({ shape: [1.5] }), 8)],
    ['a size that is a string', /shape takes/, file(entry({ shape: ['2'] }), 8)],
    ['a shape that overflows', /below 2\^53/, file(entry({ shape: [2 ** 31, 2 ** 31, 0] }), 8)],
    ['missing offsets', /data_offsets takes/, file(entry({ data_offsets: undefined }), 8)],
    ['three offsets', /data_offsets takes/, file(entry({ data_offsets: [0, 8, 8] }), 8)],
    ['offsets backwards', /takes 8 bytes.*span -8/, file(entry({ data_offsets: [8, 0] }), 8)],
    ['offsets that do not fit the shape', /takes 8 bytes.*span 7/, file(entry({ data_offsets: [0, 7] }), 8)],
    ['data beyond the file', /take 8 bytes of data; the file has 7/, file(entry({}), 7)],
    ['bytes left over', /take 8 bytes of data; the file has 9/, file(entry({}), 9)],
    ['a hole at the start', /leaves a hole.*begins at 1, not at 0/, file(entry({ data_offsets: [1, 9] }), 9)],
    [
      'an overlap',
      /"y" overlaps.*begins at 0, not at 8/,
      file(`${entry({}).slice(0, -1)},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8),
    ],
  ])('refuses %s', (_, message, bytes) => {
    expect(() => decodeSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('reads no header of more than 100 MB, whatever the file has', () => {
    const bytes = new Uint8Array(8 + 100_000_001);
    new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
    expect(() => decodeSafetensors(bytes)).toThrow('the header takes at most 100000000 bytes');
  });

  it('throws nothing but SafetensorsError, however a file is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    let refused = 0;
    fc.assert(
      fc.property(anyFile, damage, fc.option(fc.nat()), ({ tensors, metadata }, changes, cut) => {
        const bytes = encodeSafetensors(new Map(tensors), new Map(metadata));
        // Most bytes of the first hundred, so that the header is what suffers.
        for (const [at, value] of changes) bytes[at % Math.min(bytes.length, 100)] = value;
        try {
          decodeSafetensors(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

describe('weightsSha256', () => {
  it('depends on the weights alone', () => {
    const weights = { a: filled('F32', [2]), b: filled('I32', [3]) };
    const hash = weightsSha256(weights);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(weightsSha256(new Map(Object.entries(weights).toReversed()))).toBe(hash);
    expect(weightsSha256({ ...weights, a: filled('F32', [1, 2]) })).not.toBe(hash);
    expect(weightsSha256({ ...weights, a: filled('F32', [2], () => 3) })).not.toBe(hash);
  });
});
