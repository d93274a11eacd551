import type { KernelName, Params, Variant } from '../backend.ts';
import type { TypedArray } from '../dtypes.ts';
import type { Signatures, Vec4 } from '../signatures.ts';

/** The twin of a WGSL kernel: a plain function with the same bindings and parameters, and float64 sums. */
export type Twin<K extends KernelName> = (
  buffers: Record<keyof Signatures[K]['buffers'], TypedArray>,
  params: Params<K>,
  variant: Variant<K>,
) => void;

/**
 * Calls `visit(index, ...starts)` for every innermost row of a four-axis walk. `index` is the row-major number of its
 * first element; `first` and `second` are its start in two strided operands.
 */
export function eachRow(
  [n0, n1, n2, n3]: Vec4,
  firstStrides: Vec4,
  secondStrides: Vec4,
  visit: (index: number, first: number, second: number) => void,
): void {
  let index = 0;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        visit(
          index,
          i0 * firstStrides[0] + i1 * firstStrides[1] + i2 * firstStrides[2],
          i0 * secondStrides[0] + i1 * secondStrides[1] + i2 * secondStrides[2],
        );
        index += n3;
      }
    }
  }
}

/**
 * Computes out[at … end) from elements of a from p in steps of s, and of b from q in steps of t.
 *
 * Each operation has a loop of its own. A shared loop that calls a function for each element allocates the numbers that it
 * passes, and takes ten times as long.
 */
export type PairLoop = (
  a: TypedArray,
  p: number,
  s: number,
  b: TypedArray,
  q: number,
  t: number,
  out: TypedArray,
  at: number,
  end: number,
  alpha: number,
) => void;

/** Runs a loop over every row of two strided operands. */
export function pairRows(
  loop: PairLoop,
  { a, b, out }: Record<'a' | 'b' | 'out', TypedArray>,
  { aOffset, bOffset, alpha = 0, shape, aStrides, bStrides }: PairWalk,
): void {
  const [, , , length] = shape;
  const [, , , s] = aStrides;
  const [, , , t] = bStrides;
  eachRow(shape, aStrides, bStrides, (index, aStart, bStart) =>
    loop(a, aOffset + aStart, s, b, bOffset + bStart, t, out, index, index + length, alpha),
  );
}

interface PairWalk {
  aOffset: number;
  bOffset: number;
  alpha?: number;
  shape: Vec4;
  aStrides: Vec4;
  bStrides: Vec4;
}
