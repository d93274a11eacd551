import { beforeEach, expect, test, type TestContext } from 'vitest';
import { ArgumentError, type Backend, DTypeError, ShapeError, tensor } from '../../src/index.ts';

/** What `tensor` makes of host data, on one device. */
export function hostDataSuite(open: (context: TestContext) => Promise<Backend>): void {
  let device: Backend;
  beforeEach(async (context) => {
    device = await open(context);
  });
  const list = async (
    data: Parameters<typeof tensor>[0],
    dtype?: 'float32' | 'int32' | 'bool' | 'uint8',
  ): Promise<unknown[]> => {
    const made = tensor(data, { device, ...(dtype && { dtype }) });
    return [made.dtype, ...Array.from(await made.data())];
  };

  test.each<[string, Parameters<typeof tensor>[0], string]>([
    ['Float32Array', Float32Array.of(3, 0, 7), 'float32'],
    ['Int8Array', Int8Array.of(3, 0, 7), 'int32'],
    ['Int16Array', Int16Array.of(3, 0, 7), 'int32'],
    ['Int32Array', Int32Array.of(3, 0, 7), 'int32'],
    ['Uint8Array', Uint8Array.of(3, 0, 7), 'uint8'],
    ['Uint8ClampedArray', Uint8ClampedArray.of(3, 0, 7), 'uint8'],
    ['Buffer', Buffer.from([3, 0, 7]), 'uint8'],
    ['Uint16Array', Uint16Array.of(3, 0, 7), 'int32'],
    ['Uint32Array', Uint32Array.of(3, 0, 7), 'int32'],
    ['BigInt64Array', BigInt64Array.of(3n, 0n, 7n), 'int32'],
    ['BigUint64Array', BigUint64Array.of(3n, 0n, 7n), 'int32'],
  ])('a %s keeps its values', async (_, data, dtype) => {
    expect(await list(data)).toEqual([dtype, 3, 0, 7]);
    expect(await list(data, 'float32')).toEqual(['float32', 3, 0, 7]);
    expect(await list(data, 'int32')).toEqual(['int32', 3, 0, 7]);
    expect(await list(data, 'uint8')).toEqual(['uint8', 3, 0, 7]);
    expect(await list(data, 'bool')).toEqual(['bool', 1, 0, 1]);
  });

  test('a Float16Array becomes float32', async () => {
    const Half = (globalThis as { Float16Array?: new (data: number[]) => Float32Array }).Float16Array;
    // Runtimes without the class: an array that says it is one.
    const data = Half
      ? new Half([0.5, 2])
      : Object.defineProperty(Float32Array.of(0.5, 2), Symbol.toStringTag, { value: 'Float16Array' });
    expect(await list(data)).toEqual(['float32', 0.5, 2]);
  });

  test.each<[string, unknown, 'float32' | 'int32' | 'uint8' | undefined, new (...args: never[]) => Error]>([
    ['a DataView', new DataView(new ArrayBuffer(8)), undefined, ArgumentError],
    ['an ArrayBuffer', new ArrayBuffer(8), undefined, ArgumentError],
    ['a Map', new Map(), undefined, ArgumentError],
    ['a string', '3', undefined, ArgumentError],
    ['null', null, undefined, ArgumentError],
    ['nothing', undefined, undefined, ArgumentError],
    ['a promise', Promise.resolve(1), undefined, ArgumentError],
    ['a bigint', 3n, undefined, ArgumentError],
    ['a hole', [1, , 3], undefined, ArgumentError],
    [
      'a string inside',
      [
        [1, 2],
        [3, '4'],
      ],
      undefined,
      ArgumentError,
    ],
    ['null inside', [1, null], undefined, ArgumentError],
    ['a number among rows', [[1, 2], 3], undefined, ShapeError],
    ['a number in place of a row of one', [[1], 2], undefined, ShapeError],
    ['rows of two lengths', [[1, 2], [3]], undefined, ShapeError],
    [
      'a row that is too deep',
      [
        [1, 2],
        [[3], [4]],
      ],
      undefined,
      ShapeError,
    ],
    ['300 in uint8', [300], 'uint8', DTypeError],
    ['-1 in uint8', Int8Array.of(-1), 'uint8', DTypeError],
    ['2^40 in int32', [2 ** 40], 'int32', DTypeError],
    ['0.5 in int32', Float32Array.of(0.5), 'int32', DTypeError],
    ['NaN in int32', [NaN], 'int32', DTypeError],
    ['2^31 of a Uint32Array', Uint32Array.of(2 ** 31), undefined, DTypeError],
    ['2^53 of a BigInt64Array', BigInt64Array.of(2n ** 53n), undefined, DTypeError],
  ])('%s is refused', (_, data, dtype, kind) => {
    const made = (): unknown => tensor(data as number, { device, ...(dtype && { dtype }) });
    expect(made).toThrow(kind);
  });

  test('an array that contains itself is refused', () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => tensor(endless as number[], { device })).toThrow(ArgumentError);
  });

  test('an error names the place', () => {
    expect(() =>
      tensor(
        [
          [1, 2],
          [3, '4' as unknown as number],
        ],
        { device },
      ),
    ).toThrow(/the string "4" at \[1\]\[1\]/);
  });

  test('shared and resizable memory is copied', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(12));
    shared.set([1, 2, 3]);
    expect(await list(shared)).toEqual(['float32', 1, 2, 3]);
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
    const grown = new Int32Array(new Resizable(8, { maxByteLength: 64 }));
    grown.set([4, 5]);
    expect(await list(grown)).toEqual(['int32', 4, 5]);
    const part = new Uint8Array(new SharedArrayBuffer(8), 1, 5);
    part.set([1, 2, 3, 4, 5]);
    expect(await list(part)).toEqual(['uint8', 1, 2, 3, 4, 5]);
  });

  test('detached memory is refused', () => {
    const data = Float32Array.of(1, 2);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(() => tensor(data, { device })).toThrow(/detached/);
  });

  test('conversions to whole numbers drop the fraction, and saturate', async () => {
    const x = tensor(
      [0.9, -0.9, 255.5, 256, -1.5, 2147483520, 2 ** 31, -(2 ** 31), -3e9, Infinity, -Infinity, NaN],
      {
        device,
      },
    );
    expect(Array.from(await x.to('int32').data())).toEqual([
      ...[0, 0, 255, 256, -1, 2147483520, 2147483647, -2147483648, -2147483648, 2147483647, -2147483648, 0],
    ]);
    expect(Array.from(await x.to('bool').data())).toEqual(Array(12).fill(1));
  });

  test('uint8 data is read and converted, also through views', async () => {
    const bytes = tensor(
      Uint8Array.from({ length: 12 }, (_, i) => 20 * i + 1),
      { shape: [3, 4], device },
    );
    expect(await bytes.toArray()).toEqual([
      [1, 21, 41, 61],
      [81, 101, 121, 141],
      [161, 181, 201, 221],
    ]);
    expect(await bytes.slice([1, 2], [2, 3]).item()).toBe(121);
    const views = [
      bytes.t(),
      bytes.slice([1, 3], [1, 4, 2]),
      bytes.flip(0, 1),
      bytes.slice([1, 2]).expand(2, 4),
    ];
    for (const view of views) {
      const values = Array.from(await view.data());
      for (const dtype of ['float32', 'int32'] as const) {
        const converted = view.to(dtype);
        expect([converted.dtype, converted.shape]).toEqual([dtype, view.shape]);
        expect(Array.from(await converted.data())).toEqual(values);
      }
    }
    expect(await views[1]!.toArray()).toEqual([
      [101, 141],
      [181, 221],
    ]);
    const flags = tensor(Uint8Array.of(0, 200, 1), { device }).to('bool');
    expect(Array.from(await flags.data())).toEqual([0, 1, 1]);
  });

  test('what uint8 does not have says so', () => {
    const bytes = tensor(Uint8Array.of(1, 2, 3, 4), { shape: [2, 2], device });
    expect(() => bytes.t().contiguous()).toThrow(DTypeError);
    expect(() => bytes.clone()).toThrow(DTypeError);
    expect(() => bytes.add(1)).toThrow(DTypeError);
    expect(() => tensor([1], { device }).to('uint8')).toThrow(DTypeError);
  });
}
