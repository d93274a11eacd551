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

/** Whether rows are contiguous, or one element each. */
function isPlain(operand: Operand | undefined): boolean {
  return operand!.strides[3] === 1 || operand!.strides[3] === 0;
}

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
  const isSimple = operands.every(isPlain);
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
  const [outer, middle, lines, columns] = shape;
  // One long row is cut into many.
  const single = lines === 1;
  const rows = single ? Math.ceil(columns / TASK) : lines;
  const length = single ? TASK : columns;
  const total = lines * columns;
  const taskRows = Math.max(1, Math.floor(TASK / length));
  const plan = { tasks: Math.ceil(rows / taskRows), work: COST * total };
  const fields = {
    operation,
    a: 0,
    b: 0,
    c: 0,
    out: 0,
    rows,
    length,
    total,
    aRow: rowBytes(a, single),
    bRow: rowBytes(b, single),
    cRow: rowBytes(c, single),
    aMoves: Number(moves(a)),
    bMoves: Number(moves(b)),
    cMoves: Number(moves(c)),
    taskRows,
    alpha,
    beta,
  };
  for (let i = 0, at = outOffset; i < outer; i++) {
    for (let j = 0; j < middle; j++, at += total) {
      fields.a = startOf(a, i, j);
      fields.b = startOf(b, i, j);
      fields.c = startOf(c, i, j);
      fields.out = address(out, at);
      module.run('elementwise', fields, plan);
    }
  }
}

// Functions of the module, because tsx gives a function inside another its name at each call, which takes longer than it.

function moves(operand: Operand): boolean {
  return operand.strides[3] === 1;
}

/** Bytes from one row to the next. */
function rowBytes(operand: Operand, single: boolean): number {
  if (!single) return 4 * operand.strides[2];
  return moves(operand) ? 4 * TASK : 0;
}

/** The address of matrix i, j. */
function startOf({ array, offset, strides }: Operand, i: number, j: number): number {
  return address(array, offset + i * strides[0] + j * strides[1]);
}
