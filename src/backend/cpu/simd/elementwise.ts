import type { TypedArray } from '../../dtypes.ts';
import { copy as plainCopy } from '../copy.ts';
import { codes, type Vec4 } from '../../signatures.ts';
import { copy } from './copy.ts';
import { inHeap } from './heap.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

const { ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, RELU_GRADIENT } = codes.binary;
const { NEG, ABS, SQRT, RECIPROCAL, SQUARE, SIN, COS, RELU, CLAMP, SIGN, FLOOR } = codes.unary;
const binaries: ReadonlySet<number> = new Set([ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, RELU_GRADIENT]);
/** These have plain twins alone: they take large numbers, whose reduction needs float64. */
const plainUnaries: ReadonlySet<number> = new Set([SIN, COS]);
/** The numbers of the first one-operand operation, the first relation and `where` in kernels/wasm/elementwise.ts. */
const UNARY = 100;
const COMPARE = 200;
const WHERE = 300;

/** Of one operand, with the same bits as in the plain twins. The others always run here, so that a number's bits are its own. */
const exactUnaries: ReadonlySet<number> = new Set([
  NEG,
  ABS,
  SQRT,
  RECIPROCAL,
  SQUARE,
  RELU,
  CLAMP,
  SIGN,
  FLOOR,
]);

/** Shorter rows are not worth starting the loop. */
const SHORT = 8;
/** Smaller matrices cost more to start than to compute in the plain twin. */
const SMALL = 256;
/** Elements of an operand that is copied: 64 MiB of working memory. */
const MOST_COPIED = 2 ** 24;
/** Elements of a task, which take a few microseconds. */
const TASK = 16_384;
/** The cost of an element in multiplications of a product. Memory dominates it. */
const COST = 4;

export const binary: SimdTwin<'binary'> = (module, { a, b, out }, params, { OPERATION = ADD }) => {
  if (!binaries.has(OPERATION) || !fits(a, b, out)) return false;
  const { aOffset, bOffset, shape, aStrides, bStrides } = params;
  const operands = [
    { array: a, offset: aOffset, strides: aStrides },
    { array: b, offset: bOffset, strides: bStrides },
  ] as const;
  return apply(module, OPERATION, operands, out, shape);
};

export const unary: SimdTwin<'unary'> = (module, { x, out }, params, { OPERATION = NEG }) => {
  if (plainUnaries.has(OPERATION) || !fits(x, out)) return false;
  const { offset, strides, shape, alpha, beta } = params;
  const operand = { array: x, offset, strides };
  const least = exactUnaries.has(OPERATION) ? SMALL : 1;
  return apply(module, UNARY + OPERATION, [operand, operand], out, shape, { alpha, beta, least });
};

export const compare: SimdTwin<'compare'> = (module, { a, b, out }, params, { OPERATION = 0 }) => {
  if (!fits(a, b) || !inHeap(out)) return false;
  const { aOffset, bOffset, shape, aStrides, bStrides } = params;
  const operands = [
    { array: a, offset: aOffset, strides: aStrides },
    { array: b, offset: bOffset, strides: bStrides },
  ] as const;
  return apply(module, COMPARE + OPERATION, operands, out, shape);
};

export const where: SimdTwin<'where'> = (module, { condition, a, b, out }, params) => {
  const words = [condition, a, b, out];
  if (words.some((array) => array.BYTES_PER_ELEMENT !== 4 || !inHeap(array))) return false;
  const { aOffset, bOffset, conditionOffset, shape, aStrides, bStrides, conditionStrides } = params;
  const operands = [
    { array: a, offset: aOffset, strides: [0, ...aStrides] },
    { array: b, offset: bOffset, strides: [0, ...bStrides] },
    { array: condition, offset: conditionOffset, strides: [0, ...conditionStrides] },
  ] as const;
  return apply(module, WHERE, operands, out, [1, ...shape]);
};

export const accumulate: SimdTwin<'accumulate'> = (module, { x, out }, { size, xOffset, outOffset }) => {
  if (!fits(x, out)) return false;
  const strides = [size, size, size, 1] as const;
  const operands = [
    { array: out, offset: outOffset, strides },
    { array: x, offset: xOffset, strides },
  ] as const;
  return apply(module, ADD, operands, out, [1, 1, 1, size], { outOffset });
};

interface Operand {
  array: TypedArray;
  offset: number;
  strides: Vec4;
}

interface Options {
  outOffset?: number;
  alpha?: number;
  beta?: number;
  /** Elements from which on copies are worth it. */
  least?: number;
}

type Operands = readonly [Operand, Operand, Operand?];

/** Directly where rows are long and contiguous, otherwise on copies in order. */
function apply(
  module: SimdModule,
  operation: number,
  operands: Operands,
  out: TypedArray,
  shape: Vec4,
  options: Options = {},
): boolean {
  const [outer, middle, rows, length] = shape;
  const isSimple = operands.every((operand) => operand!.strides[3] === 1 || operand!.strides[3] === 0);
  const isShort = (length < SHORT && rows > 1) || (outer * middle > 1 && rows * length < SMALL);
  if (isSimple && !isShort) {
    post(module, operation, operands, out, shape, options);
    return true;
  }
  const ordered = inOrder(module, operands, shape, options.least);
  if (!ordered) return false;
  post(module, operation, ordered, out, [1, 1, 1, outer * middle * rows * length], options);
  return true;
}

/** The operands with their elements one after the other, in working memory, but for single numbers. */
function inOrder(
  module: SimdModule,
  operands: Operands,
  shape: Vec4,
  least: number = SMALL,
): Operands | undefined {
  const size = shape.reduce((product, length) => product * length);
  if (size < least || size > MOST_COPIED) return undefined;
  const [, n1, n2, n3] = shape;
  const outStrides: Vec4 = [n1 * n2 * n3, n2 * n3, n3, 1];
  const copies = new Map<Operand, Operand>();
  for (const operand of operands as readonly Operand[]) {
    const { array, offset, strides } = operand;
    if (copies.has(operand) || strides.every((stride, axis) => stride === 0 || shape[axis] === 1)) continue;
    const place = array instanceof Float32Array ? module.tryTake(4 * size) : undefined;
    if (place === undefined) return undefined;
    const out = module.floats(place, size);
    const params = { size, xOffset: offset, outOffset: 0, shape, xStrides: strides, outStrides };
    if (!copy(module, { x: array, out }, params, {})) plainCopy({ x: array, out }, params, {});
    copies.set(operand, { array: out, offset: 0, strides: [0, 0, 0, 1] });
  }
  const still = ({ array, offset }: Operand): Operand => ({ array, offset, strides: [0, 0, 0, 0] });
  return (operands as readonly Operand[]).map(
    (operand) => copies.get(operand) ?? still(operand),
  ) as unknown as Operands;
}

/** One job per matrix of the last two axes. */
function post(
  module: SimdModule,
  operation: number,
  [a, b, c = b]: Operands,
  out: TypedArray,
  shape: Vec4,
  { outOffset = 0, alpha = 0, beta = 0 }: Options,
): void {
  const [outer, middle, ...matrix] = shape;
  const moves = (operand: Operand): boolean => operand.strides[3] === 1;
  // One long row is cut into many.
  const single = matrix[0] === 1;
  const [rows, length] = single ? [Math.ceil(matrix[1] / TASK), TASK] : matrix;
  const total = matrix[0] * matrix[1];
  const step = (operand: Operand): number => 4 * (single ? (moves(operand) ? TASK : 0) : operand.strides[2]);
  const taskRows = Math.max(1, Math.floor(TASK / length));
  const plan = { tasks: Math.ceil(rows / taskRows), work: COST * total };
  const [aMoves, bMoves, cMoves] = [Number(moves(a)), Number(moves(b)), Number(moves(c))];
  const [aRow, bRow, cRow] = [step(a), step(b), step(c)];
  for (let i = 0, at = outOffset; i < outer; i++) {
    for (let j = 0; j < middle; j++, at += total) {
      const start = ({ array, offset, strides }: Operand): number =>
        address(array, offset + i * strides[0] + j * strides[1]);
      const fields = {
        operation,
        a: start(a),
        b: start(b),
        c: start(c),
        out: address(out, at),
        rows,
        length,
        total,
        aRow,
        bRow,
        cRow,
        aMoves,
        bMoves,
        cMoves,
        taskRows,
        alpha,
        beta,
      };
      module.run('elementwise', fields, plan);
    }
  }
}
