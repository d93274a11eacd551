import type { MatmulWorkload } from '../workloads.ts';

/** A field of a protocol buffer: a number, or bytes with their length. */
function field(number: number, value: number | string | readonly number[]): number[] {
  const varint = (rest: number): number[] =>
    rest < 128 ? [rest] : [(rest % 128) + 128, ...varint(rest >> 7)];
  if (typeof value === 'number') return [...varint(number * 8), ...varint(value)];
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

/**
 * The ONNX model out = a · b, either transposed where the workload says so: by Gemm, which takes that as an attribute.
 *
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function matmulModel({ m, k, n, transposeA, transposeB }: MatmulWorkload): Uint8Array {
  const FLOAT = 1;
  const INT = 2;
  const value = (name: string, ...shape: number[]): number[] => {
    const dimensions = shape.flatMap((extent) => field(1, field(1, extent)));
    return [...field(1, name), ...field(2, field(1, [...field(1, FLOAT), ...field(2, dimensions)]))];
  };
  const attribute = (name: string, flag: boolean): number[] =>
    field(5, [...field(1, name), ...field(3, Number(flag)), ...field(20, INT)]);
  const transposed = transposeA || transposeB;
  const node = [
    ...field(1, 'a'),
    ...field(1, 'b'),
    ...field(2, 'out'),
    ...field(4, transposed ? 'Gemm' : 'MatMul'),
    ...(transposed ? [...attribute('transA', transposeA), ...attribute('transB', transposeB)] : []),
  ];
  const graph = [
    ...field(1, node),
    ...field(2, 'product'),
    ...field(11, transposeA ? value('a', k, m) : value('a', m, k)),
    ...field(11, transposeB ? value('b', n, k) : value('b', k, n)),
    ...field(12, value('out', m, n)),
  ];
  return Uint8Array.from([...field(1, 8), ...field(7, graph), ...field(8, field(2, 13))]);
}
