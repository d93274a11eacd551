import type { TypedArray } from '../../dtypes.ts';
import { codes, type Vec4 } from '../../signatures.ts';
import { copy } from './copy.ts';
import { inHeap } from './heap.ts';
import type { SimdModule } from './module.ts';
import { address, areWords, fits, type SimdTwin } from './simdTwin.ts';

const { ADD, MUL, POW, MAXIMUM, MINIMUM, REMAINDER, FLOOR_DIVIDE } = codes.binary;
const { EQ, NE, LT, LE, GT, GE } = codes.compare;
const { NEG, SQUARE, RECIPROCAL } = codes.unary;
/** The numbers of the first one-operand operation, the first relation and `where` in kernels/wasm/elementwiseJob.ts. */
const UNARY = 100;
const COMPARE = 200;
const WHERE = 300;
/** What is added for whole numbers. */
const WHOLE = 400;
const FLOAT_TO_WHOLE = 180;
const WHOLE_TO_FLOAT = 181;
const FLOAT_TO_HALF = 182;
/** Operations that the module does not have for whole numbers. */
const FLOATING: ReadonlySet<number> = new Set([POW, REMAINDER, FLOOR_DIVIDE]);
/** Logic: the operations of truth values, and the relations. */
const [AND, OR, XOR, EQUAL] = [700, 701, 702, 703];
const LOGIC: { readonly [code: number]: number } = { [MUL]: AND, [MINIMUM]: AND, [MAXIMUM]: OR };
const LOGIC_RELATIONS: { readonly [code: number]: number } = { [EQ]: EQUAL, [NE]: XOR };

/** How an operand is read that is not read where it is: see kernels/wasm/elementwise.ts. */
const STILL = 0;
const IN_ORDER = 1;
const WALKED = 2;

/** Rows of so many elements are read where they are. */
const LONG = 128;
/** Columns of so many elements, which are far from each other, are cheaper to transpose first. */
const FAR = 1024;
/** Elements of an operand that is copied: 64 MiB of working memory. */
const MOST_COPIED = 2 ** 24;
/** Elements of a task, which take a few microseconds. */
const TASK = 16_384;
/** The cost of an element in multiplications of a product. Memory dominates it. */
const COST = 4;

export const binary: SimdTwin<'binary'> = (module, { a, b, out }, params, { OPERATION = ADD }) => {
  const { aOffset, bOffset, alpha, shape, aStrides, bStrides } = params;
  const left = { array: a, offset: aOffset, strides: aStrides };
  const right = { array: b, offset: bOffset, strides: bStrides };
  if (isTruth(out)) return logic(module, LOGIC[OPERATION], left, right, out, shape);
  if (areWhole(a, b, out)) {
    return !FLOATING.has(OPERATION) && apply(module, WHOLE + OPERATION, [left, right], out, shape);
  }
  if (!fits(a, b, out)) return false;
  const known = OPERATION === POW && isStill(right, shape) ? b[bOffset] : undefined;
  if (known === 2) return apply(module, UNARY + SQUARE, [left], out, shape);
  // x¹ is x · 1.
  if (known === 1) return apply(module, MUL, [left, right], out, shape);
  if (known === -1) return apply(module, UNARY + RECIPROCAL, [left], out, shape);
  return apply(module, OPERATION, [left, right], out, shape, { beta: alpha });
};

export const unary: SimdTwin<'unary'> = (module, { x, out }, params, { OPERATION = NEG }) => {
  if (!fits(x, out)) return false;
  const { offset, strides, shape, alpha, beta } = params;
  return apply(module, UNARY + OPERATION, [{ array: x, offset, strides }], out, shape, { alpha, beta });
};

export const compare: SimdTwin<'compare'> = (module, { a, b, out }, params, { OPERATION = EQ }) => {
  const { aOffset, bOffset, shape, aStrides, bStrides } = params;
  const left = { array: a, offset: aOffset, strides: aStrides };
  const right = { array: b, offset: bOffset, strides: bStrides };
  if (isTruth(a)) return logic(module, LOGIC_RELATIONS[OPERATION], left, right, out, shape);
  const whole = areWhole(a, b);
  if ((!whole && !fits(a, b)) || !isTruth(out)) return false;
  const swapped = OPERATION === GT ? LT : OPERATION === GE ? LE : undefined;
  const operation = COMPARE + (whole ? WHOLE : 0) + (swapped ?? OPERATION);
  return apply(module, operation, swapped === undefined ? [left, right] : [right, left], out, shape);
};

export const cast: SimdTwin<'cast'> = (module, { x, out }, { size, offset }, { TO_BOOL = false }) => {
  const operand = { array: x, offset, strides: inRow(size) };
  const [fromWhole, toWhole] = [areWhole(x), areWhole(out)];
  if (isTruth(x) && (toWhole || fits(out))) {
    const [zero, one] = [number(module, out, 0), number(module, out, 1)];
    return apply(module, WHERE, [one, zero, operand], out, [1, 1, 1, size]);
  }
  if ((!fromWhole && !fits(x)) || !(TO_BOOL ? isTruth(out) : toWhole || fits(out))) return false;
  if (TO_BOOL) {
    const operands = [operand, number(module, x, 0)] as const;
    return apply(module, COMPARE + (fromWhole ? WHOLE : 0) + NE, operands, out, [1, 1, 1, size]);
  }
  if (fromWhole === toWhole) out.set(x.subarray(offset, offset + size));
  else apply(module, toWhole ? FLOAT_TO_WHOLE : WHOLE_TO_FLOAT, [operand], out, [1, 1, 1, size]);
  return true;
};

/** Truth values as words. */
export function widened(module: SimdModule, x: TypedArray): TypedArray {
  const size = x.length;
  const out = module.words(module.take(4 * size), size);
  cast(module, { x, out }, { size, offset: 0 }, {});
  return out;
}

export const roundToHalf: SimdTwin<'roundToHalf'> = (module, { x, out }, { size, offset }) => {
  if (!fits(x, out)) return false;
  return apply(module, FLOAT_TO_HALF, [{ array: x, offset, strides: inRow(size) }], out, [1, 1, 1, size]);
};

export const where: SimdTwin<'where'> = (module, { condition, a, b, out }, params) => {
  if (!isTruth(condition) || !areWords(a, b, out)) return false;
  const { aOffset, bOffset, conditionOffset, shape, aStrides, bStrides, conditionStrides } = params;
  const operands = [
    { array: a, offset: aOffset, strides: [0, ...aStrides] },
    { array: b, offset: bOffset, strides: [0, ...bStrides] },
    { array: condition, offset: conditionOffset, strides: [0, ...conditionStrides] },
  ] as const;
  return apply(module, WHERE, operands, out, [1, ...shape]);
};

/** Fewer elements are not worth a job. */
const FEW = 32;

/** One number for all. The host's own `fill` stores elements of shared memory one by one. */
export const fill: SimdTwin<'fill'> = (module, { out }, { size, value }) => {
  if (size < FEW || !areWords(out)) return false;
  const one = number(module, out, value);
  return apply(module, WHERE, [one, one, one], out, [1, 1, 1, size]);
};

export const accumulate: SimdTwin<'accumulate'> = (module, { x, out }, { size, xOffset, outOffset }) => {
  if (!fits(x, out)) return false;
  const strides = inRow(size);
  const operands = [
    { array: out, offset: outOffset, strides },
    { array: x, offset: xOffset, strides },
  ] as const;
  return apply(module, ADD, operands, out, [1, 1, 1, size], { outOffset });
};

/** Multiplies float32 elements by a factor, in place. */
export function scale(module: SimdModule, x: TypedArray, offset: number, size: number, factor: number): true {
  const operands = [{ array: x, offset, strides: inRow(size) }, number(module, x, factor)] as const;
  return apply(module, MUL, operands, x, [1, 1, 1, size], { outOffset: offset });
}

/** The strides of a row of adjacent elements. */
function inRow(size: number): Vec4 {
  return [size, size, size, 1];
}

/** One number for all elements, of the kind of `like`, in working memory. */
function number(module: SimdModule, like: TypedArray, value: number): Operand {
  const place = module.take(4);
  const array = isTruth(like)
    ? new Uint8Array(module.heap.memory.buffer, place, 1)
    : like instanceof Float32Array
      ? module.floats(place, 1)
      : module.words(place, 1);
  array[0] = value;
  return { array, offset: 0, strides: [0, 0, 0, 0] };
}

/** Whether the module can access all of these: integers, in its memory. */
function areWhole(...arrays: readonly TypedArray[]): boolean {
  return arrays.every((array) => array instanceof Int32Array && inHeap(array));
}

/** Whether the module can access it: truth values, in its memory. */
function isTruth(array: TypedArray): boolean {
  return array instanceof Uint8Array && inHeap(array);
}

/** A function of truth values, one of which may be the number 0 or 1. */
function logic(
  module: SimdModule,
  operation: number | undefined,
  a: Operand,
  b: Operand,
  out: TypedArray,
  shape: Vec4,
): boolean {
  if (operation === undefined || !isTruth(a.array) || !isTruth(out)) return false;
  let right = b;
  if (!isTruth(b.array)) {
    const value = b.array[b.offset]!;
    if (!isStill(b, shape) || (value !== 0 && value !== 1)) return false;
    right = number(module, out, value);
  }
  return apply(module, operation, [a, right], out, shape);
}

interface Operand {
  array: TypedArray;
  offset: number;
  strides: Vec4;
}

interface Options {
  outOffset?: number;
  alpha?: number;
  beta?: number;
}

type Operands = readonly [Operand, Operand?, Operand?];

/** Whether it is one number for all elements. */
function isStill({ strides }: Operand, shape: Vec4): boolean {
  for (let axis = 0; axis < 4; axis++) {
    if (strides[axis] !== 0 && shape[axis] !== 1) return false;
  }
  return true;
}

function isInOrder({ strides }: Operand, shape: Vec4): boolean {
  for (let axis = 3, step = 1; axis >= 0; step *= shape[axis]!, axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
  }
  return true;
}

// Functions of the module, because tsx gives a function inside another its name at each call, which takes longer than it.

/** How an operand is read where it is not read directly. */
function wayOf(operand: Operand, shape: Vec4): number {
  return isInOrder(operand, shape) ? IN_ORDER : isStill(operand, shape) ? STILL : WALKED;
}

/** Whether rows are contiguous, or one element each. */
function isPlain({ strides }: Operand): boolean {
  return strides[3] === 1 || strides[3] === 0;
}

/** Returns true: every layout fits. */
function apply(
  module: SimdModule,
  operation: number,
  operands: Operands,
  out: TypedArray,
  shape: Vec4,
  { outOffset = 0, alpha = 0, beta = 0 }: Options = {},
): true {
  const size = shape[0] * shape[1] * shape[2] * shape[3];
  const a = nearby(module, operands[0], shape, size);
  const b = operands[1] ? nearby(module, operands[1], shape, size) : a;
  const c = operands[2] ? nearby(module, operands[2], shape, size) : b;
  // An operand that the operation does not have costs least as one element.
  const aWay = wayOf(a, shape);
  const bWay = operands[1] ? wayOf(b, shape) : STILL;
  const cWay = operands[2] ? wayOf(c, shape) : STILL;
  const walks = aWay === WALKED || bWay === WALKED || cWay === WALKED;
  const direct = walks && shape[3] >= LONG && isPlain(a) && isPlain(b) && isPlain(c);
  const fields = {
    operation,
    a: address(a.array, a.offset),
    a0: a.strides[0],
    a1: a.strides[1],
    a2: a.strides[2],
    a3: a.strides[3],
    b: address(b.array, b.offset),
    b0: b.strides[0],
    b1: b.strides[1],
    b2: b.strides[2],
    b3: b.strides[3],
    c: address(c.array, c.offset),
    c0: c.strides[0],
    c1: c.strides[1],
    c2: c.strides[2],
    c3: c.strides[3],
    out: address(out, outOffset),
    n1: shape[1],
    n2: shape[2],
    n3: shape[3],
    size,
    taskSize: TASK,
    direct: Number(direct),
    aWay,
    bWay,
    cWay,
    alpha,
    beta,
  };
  const scratch = module.exports.elementwiseScratch();
  module.run('elementwise', fields, { tasks: Math.ceil(size / TASK), work: COST * size, scratch });
  return true;
}

/** The operand, or a copy in order where its neighbours along a row are far from each other. */
function nearby(module: SimdModule, operand: Operand, shape: Vec4, size: number): Operand {
  const { strides } = operand;
  const [, n1, n2, n3] = shape;
  const near = shape[strides.indexOf(1)] ?? 1;
  const isFar =
    operand.array.BYTES_PER_ELEMENT === 4 && strides[3] > 1 && near >= 16 && n3 >= 32 && near * n3 >= FAR;
  const place = isFar && size <= MOST_COPIED ? module.tryTake(4 * size) : undefined;
  if (place === undefined) return operand;
  const out = module.floats(place, size);
  const outStrides: Vec4 = [n1 * n2 * n3, n2 * n3, n3, 1];
  const params = {
    size,
    xOffset: operand.offset,
    outOffset: 0,
    shape,
    xStrides: strides,
    outStrides,
  };
  copy(module, { x: operand.array, out }, params, {});
  return { array: out, offset: 0, strides: outStrides };
}
