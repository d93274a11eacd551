import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { halfValue } from '../../src/backend/half.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  type SafetensorsDtype,
} from '../../src/formats/safetensors/index.ts';
import {
  ArgumentError,
  capture,
  type DType,
  loadSafetensors,
  nn,
  open,
  SafetensorsError,
  saveSafetensors,
  scope,
  setDefaultDevice,
  tensor,
  type Tensor,
  zeros,
} from '../../src/index.ts';

let cpu: Backend;
beforeAll(async () => {
  cpu = await open('cpu');
  setDefaultDevice(cpu);
});

/** Saves and loads; what comes back is the caller's to check. */
async function roundTrip(x: Tensor): Promise<{ stored: SafeTensor; loaded: Tensor }> {
  const bytes = await saveSafetensors({ x });
  return { stored: decodeSafetensors(bytes).tensors.get('x')!, loaded: loadSafetensors(bytes).tensors['x']! };
}

async function bitsOf(x: Tensor): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await x.data();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const shapes = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });
const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** A tensor of any bits of a dtype, NaNs with payloads, infinities and subnormals among them. */
function anyTensor(dtype: DType): fc.Arbitrary<{ values: ReturnType<typeof valuesOf>; shape: number[] }> {
  return shapes.chain((shape) =>
    fc
      .uint8Array({ minLength: 8 * size(shape), maxLength: 8 * size(shape) })
      .map((bytes) => ({ values: valuesOf(dtype, bytes, size(shape)), shape })),
  );
}

function valuesOf(dtype: DType, bytes: Uint8Array, length: number) {
  switch (dtype) {
    case 'float64':
      return new Float64Array(bytes.slice().buffer);
    case 'float32':
      return new Float32Array(bytes.slice(0, 4 * length).buffer);
    case 'float16':
      return Float32Array.from(new Uint16Array(bytes.slice(0, 2 * length).buffer), halfValue);
    case 'int32':
      return new Int32Array(bytes.slice(0, 4 * length).buffer);
    case 'bool':
      return Uint32Array.from(bytes.subarray(0, length), (byte) => byte & 1);
    case 'uint8':
      return bytes.slice(0, length);
  }
}

describe('saving and loading', () => {
  const kinds: readonly (readonly [DType, SafetensorsDtype, DType])[] = [
    ['float32', 'F32', 'float32'],
    ['float64', 'F64', 'float64'],
    ['float16', 'F16', 'float32'],
    ['int32', 'I64', 'int32'],
    ['uint8', 'U8', 'uint8'],
    ['bool', 'BOOL', 'bool'],
  ];

  it.each(kinds)('gives back every bit of %s, which the file has as %s', async (dtype, inFile, back) => {
    await fc.assert(
      fc.asyncProperty(anyTensor(dtype), async ({ values, shape }) => {
        const x = tensor(values, { shape, dtype });
        const { stored, loaded } = await roundTrip(x);
        expect([stored.dtype, stored.shape]).toEqual([inFile, shape]);
        expect([loaded.dtype, loaded.shape]).toEqual([back, shape]);
        expect(await bitsOf(loaded)).toEqual(await bitsOf(x));
        x.dispose();
        loaded.dispose();
      }),
    );
  });

  it('reads views in their own order, and tensors as they are at the call', async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const target = new nn.Linear(2, 1);
    const before = await target.weight.data();
    const saving = saveSafetensors({ view: x.t(), weight: target.weight });
    target.loadStateDict({ weight: zeros([1, 2]), bias: zeros([1]) });
    const { tensors } = loadSafetensors(await saving);
    expect(await tensors['view']!.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(await tensors['weight']!.data()).toEqual(before);
  });

  it('takes a model’s state dict there and back, and metadata with it', async () => {
    const build = (): nn.Module => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm2d(2));
    const [from, to] = [build(), build()];
    const bytes = await saveSafetensors(from.stateDict(), { format: 'pt', ['__proto__']: 'x' });
    const { tensors, metadata } = loadSafetensors(bytes);
    to.loadStateDict(tensors);
    expect(await saveSafetensors(to.stateDict(), metadata)).toEqual(bytes);
    expect(metadata['format']).toBe('pt');
    expect(Object.values(tensors).some(({ requiresGrad }) => requiresGrad)).toBe(false);
  });

  it('takes maps, an ArrayBuffer, and names that objects treat specially', async () => {
    const names = ['__proto__', '0', 'constructor', 'a"b', ''];
    const bytes = await saveSafetensors(new Map(names.map((name, at) => [name, tensor([at])])));
    const { tensors } = loadSafetensors(bytes.slice().buffer);
    expect(Object.keys(tensors).sort()).toEqual([...names].sort());
    for (const [at, name] of names.entries()) expect(await tensors[name]!.item()).toBe(at);
  });

  it('frees what it made where a later tensor is refused, and gives the rest to the scope', () => {
    const good: SafeTensor = { dtype: 'F64', shape: [2], data: new Float64Array(2) };
    const bytes = encodeSafetensors({ good, odd: { dtype: 'F4', shape: [2], data: new Uint8Array(1) } });
    const { buffersAlive } = cpu.stats();
    expect(() => loadSafetensors(bytes)).toThrow(/"odd": F4/);
    expect(cpu.stats().buffersAlive).toBe(buffersAlive);
    scope(() => void loadSafetensors(bytes, { only: (name) => name === 'good' }));
    expect(cpu.stats().buffersAlive).toBe(buffersAlive);
  });
});

/** Loads a tensor of one axis. */
function load(
  dtype: SafetensorsDtype,
  data: SafeTensor['data'],
  options: Parameters<typeof loadSafetensors>[1] = {},
): Tensor {
  return loadSafetensors(encodeSafetensors({ x: { dtype, shape: [data.length], data } }), options).tensors[
    'x'
  ]!;
}

describe('dtypes of other programs', () => {
  it.each<[SafetensorsDtype, SafeTensor['data']]>([
    ['I64', BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n)],
    ['U64', BigUint64Array.of(0n, 2n ** 31n - 1n)],
    ['I32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    ['U32', Uint32Array.of(0, 2 ** 31 - 1)],
    ['I16', Int16Array.of(-(2 ** 15), 2 ** 15 - 1)],
    ['U16', Uint16Array.of(0, 2 ** 16 - 1)],
    ['I8', Int8Array.of(-128, 127)],
  ])('%s becomes int32', async (dtype, data) => {
    const loaded = load(dtype, data);
    expect(loaded.dtype).toBe('int32');
    expect([...(await loaded.data())]).toEqual(Array.from(data as Int32Array, Number));
  });

  it.each<[SafetensorsDtype, SafeTensor['data'], string]>([
    ['I64', BigInt64Array.of(0n, -(2n ** 31n) - 1n), '-2147483649 at element 1'],
    ['U64', BigUint64Array.of(2n ** 64n - 1n), '18446744073709551615 at element 0'],
    ['U32', Uint32Array.of(1, 2, 2 ** 31), '2147483648 at element 2'],
    ['BOOL', Uint8Array.of(1, 2), '2 at element 1'],
  ])('%s is refused where a number does not fit', (dtype, data, where) => {
    expect(() => load(dtype, data)).toThrow(SafetensorsError);
    expect(() => load(dtype, data)).toThrow(`tensor "x": ${dtype} takes numbers from`);
    expect(() => load(dtype, data)).toThrow(`got ${where}`);
  });

  it.each<[SafetensorsDtype, number, SafeTensor['data'], RegExp]>([
    ['C64', 1, new Float32Array(2), /view_as_real.*only/],
    ['F4', 2, new Uint8Array(1), /packs several numbers.*F32/],
    ['F6_E2M3', 4, new Uint8Array(3), /packs several numbers/],
    ['F6_E3M2', 4, new Uint8Array(3), /packs several numbers/],
  ])('%s is refused by name', (dtype, length, data, message) => {
    const bytes = encodeSafetensors({ x: { dtype, shape: [length], data } });
    expect(() => loadSafetensors(bytes)).toThrow(message);
    expect(loadSafetensors(bytes, { only: () => false }).tensors).toEqual({});
  });

  it('F64 is rounded where it is asked for, and refused on a device without float64', async () => {
    const data = Float64Array.of(0.1, 1e300);
    expect(await load('F64', data, { dtype: 'float32' }).data()).toEqual(Float32Array.of(0.1, Infinity));
    expect(await load('F16', Uint16Array.of(0x3c00), { dtype: 'float64' }).data()).toEqual(
      Float64Array.of(1),
    );
    const none = new Proxy(cpu, {
      get: (target, key): unknown => (key === 'supports' ? () => false : Reflect.get(target, key)),
    });
    expect(() => load('F64', data, { device: none })).toThrow(/cpu has no float64.*dtype: 'float32'/);
  });

  /** Every number of a dtype. */
  async function allOf(dtype: SafetensorsDtype): Promise<number[]> {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    return [...(await load(dtype, codes).data())];
  }

  // From the specifications: the largest number, the smallest normal one, the smallest one.
  test.each<[SafetensorsDtype, number, number, number, number]>([
    ['F8_E4M3', 7, 448, 2 ** -6, 2 ** -9],
    ['F8_E5M2', 15, 57344, 2 ** -14, 2 ** -16],
    ['F8_E4M3FNUZ', 8, 240, 2 ** -7, 2 ** -10],
    ['F8_E5M2FNUZ', 16, 57344, 2 ** -15, 2 ** -17],
  ])('%s', async (dtype, bias, largest, normal, smallest) => {
    const numbers = await allOf(dtype);
    const finite = numbers.filter(Number.isFinite);
    const fraction = dtype.includes('M3') ? 3 : 2;
    expect(Math.max(...finite)).toBe(largest);
    expect([numbers[2 ** fraction], numbers[1], numbers[bias << fraction]]).toEqual([normal, smallest, 1]);
    // Positive numbers rise with their codes, and negative ones mirror them.
    const positive = numbers.slice(0, 128).filter((value) => !Number.isNaN(value));
    expect(positive).toEqual(positive.toSorted((a, b) => a - b));
    expect(numbers.slice(129)).toEqual(numbers.slice(1, 128).map((value) => -value));
    const unsignedZero = dtype.endsWith('FNUZ');
    expect(numbers[128]).toBe(unsignedZero ? NaN : -0);
    expect(numbers.filter(Number.isNaN)).toHaveLength(unsignedZero ? 1 : dtype === 'F8_E4M3' ? 2 : 6);
    expect(numbers.includes(Infinity)).toBe(dtype === 'F8_E5M2');
  });

  test.each<[SafetensorsDtype, SafeTensor['data'], DType]>([
    ['I64', BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n), 'int32'],
    ['U16', Uint16Array.of(0, 65_535), 'int32'],
    ['U8', Uint8Array.of(0, 255), 'uint8'],
    ['BOOL', Uint8Array.of(0, 1), 'bool'],
  ])('%s stays what it is, whatever dtype floats get', async (stored, data, dtype) => {
    for (const wanted of ['float32', 'float64', 'float16'] as const) {
      const loaded = load(stored, data, { dtype: wanted });
      expect(loaded.dtype).toBe(dtype);
      expect(Array.from(await loaded.data())).toEqual(Array.from(data as Uint8Array, Number));
    }
  });

  test('F8_E8M0', async () => {
    const numbers = await allOf('F8_E8M0');
    expect(numbers.slice(0, 255)).toEqual(Array.from({ length: 255 }, (_, code) => 2 ** (code - 127)));
    expect(numbers[255]).toBe(NaN);
  });

  test('F16 and BF16 become float32, a NaN of bfloat16 with its payload', async () => {
    const codes = Uint16Array.from({ length: 2 ** 16 }, (_, code) => code);
    const [halves, brains] = [await load('F16', codes).data(), await load('BF16', codes).data()];
    expect(halves).toEqual(Float32Array.from(codes, halfValue));
    expect(new Uint32Array(brains.buffer)).toEqual(Uint32Array.from(codes, (code) => code * 2 ** 16));
    // Few numbers are computed, many are looked up.
    expect(await load('F16', codes.slice(0x3c00, 0x3c10)).data()).toEqual(halves.slice(0x3c00, 0x3c10));
  });
});

describe('arguments of the wrong kind', () => {
  const bytes = encodeSafetensors({});
  it.each<[string, RegExp, () => unknown]>([
    [
      'a text',
      /loadSafetensors: invalid bytes\n.*Uint8Array or ArrayBuffer\n.*the string "x"/,
      () => loadSafetensors('x' as never),
    ],
    ['nothing', /got {4}undefined$/, () => loadSafetensors(undefined as never)],
    ['null', /got {4}null$/, () => loadSafetensors(null as never)],
    ['an object without a prototype', /an object$/, () => loadSafetensors(Object.create(null) as never)],
    ['a promise', /await it/, () => loadSafetensors(Promise.resolve(bytes) as never)],
    ['another array', /an object of Float32Array/, () => loadSafetensors(new Float32Array(2) as never)],
    ['options', /options.*\n.*\n.*the string "cpu"/, () => loadSafetensors(bytes, 'cpu' as never)],
    ['only', /only.*\n.*function/, () => loadSafetensors(bytes, { only: 'x' as never })],
    [
      'dtype',
      /'float32', 'float64' or 'float16'\n.*"int32"/,
      () => loadSafetensors(bytes, { dtype: 'int32' as never }),
    ],
    ['a device', /device/, () => loadSafetensors(bytes, { device: 'cpu' as never })],
  ])('loadSafetensors refuses %s', (_, message, act) => {
    expect(act).toThrow(ArgumentError);
    expect(act).toThrow(message);
  });

  it.each<[string, RegExp, unknown, unknown?]>([
    ['a module', /state.*\n.*stateDict\(\).*\n.*object of Linear/, () => new nn.Linear(1, 1)],
    ['a tensor', /a tensor float32\[1\]/, () => zeros([1])],
    ['an array', /\[a tensor float32/, () => [zeros([1])]],
    ['null', /null/, () => null],
    ['a promise', /await it/, () => Promise.resolve({})],
    ['a number among tensors', /"b".*\n.*\n.*got {4}3/, () => ({ a: zeros([1]), b: 3 })],
    ['a text as metadata', /metadata/, () => ({}), 'epoch 3'],
  ])('saveSafetensors refuses %s', async (_, message, state, metadata = {}) => {
    const saving = (): Promise<unknown> => saveSafetensors((state as () => never)(), metadata as never);
    await expect(saving).rejects.toThrow(ArgumentError);
    await expect(saving).rejects.toThrow(message);
  });

  it('an object without a prototype is taken, and one argument too many is not', async () => {
    const state = Object.assign(Object.create(null) as Record<string, Tensor>, { x: zeros([1]) });
    const bytes = await saveSafetensors(state, Object.assign(Object.create(null) as object, { a: 'b' }));
    expect(Object.keys(loadSafetensors(bytes).tensors)).toEqual(['x']);
    expect(() => (saveSafetensors as (...args: unknown[]) => unknown)(state, {}, {})).toThrow(ArgumentError);
    expect(() => (loadSafetensors as (...args: unknown[]) => unknown)(bytes, {}, {})).toThrow(ArgumentError);
  });

  it('saveSafetensors refuses names and metadata that cannot be written', async () => {
    await expect(saveSafetensors({ __metadata__: zeros([1]) })).rejects.toThrow(SafetensorsError);
    await expect(saveSafetensors({}, { epoch: 3 as never })).rejects.toThrow(/strings; got "epoch": 3/);
  });

  it('neither belongs into a captured step', () => {
    const x = zeros([1]);
    const step = capture(() => {
      void saveSafetensors({ x });
    });
    expect(() => {
      step();
      step();
    }).toThrow(/saveSafetensors\(\)/);
  });
});
