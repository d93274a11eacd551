import { describe, expect, test } from 'vitest';
import { matmul, type FloatArray, type MatmulParams } from '../../src/backend/cpu/matmul.ts';

type FloatArrayConstructor = Float32ArrayConstructor | Float64ArrayConstructor;

/** Numbers in [-1, 1) that differ from one call to the next but not from run to run. */
let state = 1;
function random(Type: FloatArrayConstructor, size: number): FloatArray {
  const array = new Type(size);
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = state / 2 ** 31;
  }
  return array;
}

/** The formula as it stands, in float64. */
function definition(a: FloatArray, b: FloatArray, params: MatmulParams): number[] {
  const { m, n, k, batch, chunk } = params;
  const out: number[] = [];
  for (let split = 0; split < splitsOf(params); split++) {
    for (let z = 0; z < batch; z++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = split * chunk; p < Math.min((split + 1) * chunk, k); p++) {
            const aAt =
              params.aOffset + z * params.aBatchStride + i * params.aRowStride + p * params.aColumnStride;
            const bAt =
              params.bOffset + z * params.bBatchStride + p * params.bRowStride + j * params.bColumnStride;
            sum += a[aAt]! * b[bAt]!;
          }
          out.push(sum);
        }
      }
    }
  }
  return out;
}

const splitsOf = ({ k, chunk }: MatmulParams): number => (k === 0 ? 1 : Math.ceil(k / chunk));

/** Parameters of contiguous operands; `N` as they are multiplied, `T` stored as the transpose. */
function contiguous(
  kind: string,
  m: number,
  n: number,
  k: number,
  rest: Partial<MatmulParams> = {},
): MatmulParams {
  const [aRowStride, aColumnStride] = kind[0] === 'N' ? [k, 1] : [1, m];
  const [bRowStride, bColumnStride] = kind[1] === 'N' ? [n, 1] : [1, k];
  const shape = { m, n, k, batch: 1, chunk: Math.max(1, k) };
  const a = { aOffset: 0, aBatchStride: m * k, aRowStride, aColumnStride };
  const b = { bOffset: 0, bBatchStride: k * n, bRowStride, bColumnStride };
  return { ...shape, ...a, ...b, ...rest };
}

/** The product of random operands of the given sizes, equal to the definition to the bit: both add p ascending. */
function check(
  params: MatmulParams,
  aSize: number = params.batch * params.m * params.k,
  bSize: number = params.batch * params.k * params.n,
): void {
  for (const Type of [Float32Array, Float64Array]) {
    const a = random(Type, aSize);
    const b = random(Type, bSize);
    expectDefinition(a, b, params);
  }
}

function expectDefinition(a: FloatArray, b: FloatArray, params: MatmulParams): void {
  const Type = a instanceof Float32Array ? Float32Array : Float64Array;
  const size = splitsOf(params) * params.batch * params.m * params.n;
  // One element more than the product, to see that nothing is written past its end; NaN, to see every store.
  const out = new Type(size + 1).fill(NaN);
  out[size] = 7;
  matmul({ a, b, out }, params);
  const expected = new Type([...definition(a, b, params), 7]);
  const wrong = out.findIndex((value, index) => !Object.is(value, expected[index]));
  const got = wrong < 0 ? 'the definition' : `${out[wrong]!} for ${expected[wrong]!} at ${wrong}`;
  expect(got, JSON.stringify(params)).toBe('the definition');
}

describe('matmul on the CPU equals its definition', () => {
  test.each(['NN', 'NT', 'TN', 'TT'])('for every small size, %s', (kind) => {
    for (let m = 1; m <= 7; m++) {
      for (let n = 1; n <= 5; n++) {
        for (const k of [1, 2, 3, 8]) check(contiguous(kind, m, n, k));
      }
    }
  });

  test.each(['NN', 'NT', 'TN', 'TT'])('around the edges of a block, %s', (kind) => {
    for (const m of [127, 128, 129]) check(contiguous(kind, m, 3, 5));
    for (const n of [255, 256, 257]) check(contiguous(kind, 2, n, 5));
    for (const k of [255, 256, 257, 513]) check(contiguous(kind, 4, 3, k));
    check(contiguous(kind, 130, 259, 258));
  });

  test('for batches', () => {
    check(contiguous('NN', 5, 4, 6, { batch: 3 }));
    check(contiguous('TT', 131, 9, 3, { batch: 2 }));
  });

  test('for splits along k, the last one shorter', () => {
    for (const chunk of [1, 3, 5, 10, 11, 40]) check(contiguous('TN', 4, 5, 11, { batch: 2, chunk }));
    check(contiguous('NT', 3, 7, 700, { batch: 2, chunk: 300 }));
  });

  test('for operands broadcast by a stride of 0', () => {
    check(contiguous('NN', 5, 4, 6, { batch: 3, bBatchStride: 0 }));
    check(contiguous('NN', 5, 4, 6, { batch: 2, aRowStride: 0, aColumnStride: 0, bColumnStride: 0 }));
  });

  test('for reversed operands, offsets and gaps', () => {
    const a = { aOffset: 29, aRowStride: -6, aColumnStride: -1 };
    const b = { bOffset: 3, bRowStride: 4, bColumnStride: -1 };
    check(contiguous('NN', 5, 4, 6, { ...a, ...b }));
    const sliced = { aOffset: 2, aBatchStride: 100, aRowStride: 13, aColumnStride: 2 };
    check(
      contiguous('NN', 5, 4, 6, { ...sliced, batch: 2, bOffset: 1, bBatchStride: -1, bRowStride: 5 }),
      200,
      40,
    );
  });

  test('for sizes of 0: no output, or zeros where only k is 0', () => {
    check(contiguous('NN', 0, 4, 3));
    check(contiguous('NN', 4, 0, 3));
    check(contiguous('NN', 4, 3, 2, { batch: 0 }));
    check(contiguous('NN', 4, 3, 0, { batch: 2 }));
    check(contiguous('NN', 4, 3, 0, { chunk: 0 }));
  });
});

describe('matmul on the CPU', () => {
  test('carries NaN and infinities into their rows and columns, and nowhere else', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const row of [0, 3, 4]) {
        const params = contiguous('NN', 5, 3, 4);
        const a = random(Float32Array, 20);
        const b = random(Float32Array, 12);
        a[row * 4 + 1] = value;
        b[3] = 0; // 0 · Inf = NaN
        expectDefinition(a, b, params);
        // Left over in the packed operands, they must not reach the smaller product that follows.
        check(contiguous('NN', 1, 1, 4));
      }
    }
    const a = new Float32Array([Infinity, 1]);
    const out = new Float32Array(1);
    matmul({ a, b: new Float32Array([0, 1]), out }, contiguous('NN', 1, 1, 2));
    expect(out[0]).toBeNaN();
  });

  test('adds in float64 and rounds a float32 result once', () => {
    const a = new Float32Array([2 ** 24, 1, 1, -(2 ** 24)]);
    const out = new Float32Array(1);
    matmul({ a, b: new Float32Array(4).fill(1), out }, contiguous('NN', 1, 1, 4));
    expect(out[0]).toBe(2);
  });

  test('keeps float64 operands exact', () => {
    const out = new Float64Array(1);
    matmul({ a: new Float64Array([1 / 3]), b: new Float64Array([1]), out }, contiguous('NN', 1, 1, 1));
    expect(out[0]).toBe(1 / 3);
  });
});
