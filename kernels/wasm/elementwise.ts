// Element-wise functions of one to three operands, four elements at a time:
//
//   out[i] = f(a[i], b[i])
//   out[i] = c[i] ≠ 0 ? a[i] : b[i]      for WHERE, with words of any kind
//
// Truth values are bytes of 0 or 1: conditions of WHERE, results of relations, and operands and results of logic. All other
// elements are words of four bytes.
//
// i walks over four axes, along which each operand has a stride; out is in order. Long rows of adjacent elements are read
// where they are. Others are put in order first, a block at a time, which stays in L1.
//
// Numerics   float32. The result equals a float64 computation that is rounded once, but for RSQRT (1 unit in the last place)
//            and what functions.ts and trigonometry.ts compute.

import { divided } from './division';
import { select } from './madd';
import {
  atan2,
  crossEntropy,
  erf,
  exp,
  expm1,
  gelu,
  geluGradient,
  geluTanh,
  geluTanhGradient,
  half,
  log,
  log1p,
  sigmoid,
  siluGradient,
  softplus,
  tanh,
} from './functions';
import { power } from './power';
import { cosine, sine } from './trigonometry';
import { inOrder, Operand } from './walk';

@unmanaged
export class ElementwiseJob {
  operation: i32;
  a: usize;
  a0: i32;
  a1: i32;
  a2: i32;
  a3: i32;
  b: usize;
  b0: i32;
  b1: i32;
  b2: i32;
  b3: i32;
  c: usize;
  c0: i32;
  c1: i32;
  c2: i32;
  c3: i32;
  out: usize;
  /** Sizes of the last three axes. */
  n1: i32;
  n2: i32;
  n3: i32;
  size: i32;
  taskSize: i32;
  /** Whether all rows are long, and their elements adjacent or one. */
  direct: i32;
  /** How each operand is read otherwise: see below. */
  aWay: i32;
  bWay: i32;
  cWay: i32;
  /** Numbers that some functions of one operand take: in place of b and c. Those of two operands take beta. */
  alpha: f32;
  beta: f32;
}

/** One element for all, elements in order, or elements that are put in order. */
const STILL: i32 = 0;
const IN_ORDER: i32 = 1;

/** Elements of a block. */
const BLOCK: i32 = 1024;
/** Bytes for a block of one operand. */
const ROOM: i32 = 4160;

/** Bytes of scratch memory for a task. */
export function elementwiseScratch(): i32 {
  return 3 * ROOM;
}

// The values of OPERATION in kernels/binary.wgsl, from 100 on those in kernels/unary.wgsl, and from 200 on those in
// kernels/compare.wgsl, whose GT and GE are LT and LE of the operands in the other order.
const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const POW: i32 = 4;
const MAXIMUM: i32 = 5;
const MINIMUM: i32 = 6;
const RELU_GRADIENT: i32 = 7;
const ATAN2: i32 = 8;
const GELU_GRADIENT: i32 = 9;
const GELU_TANH_GRADIENT: i32 = 10;
const SILU_GRADIENT: i32 = 11;
const LEAKY_RELU_GRADIENT: i32 = 12;
const CROSS_ENTROPY: i32 = 13;
const REMAINDER: i32 = 14;
const FLOOR_DIVIDE: i32 = 15;
const NEG: i32 = 100;
const ABS: i32 = 101;
const EXP: i32 = 102;
const LOG: i32 = 103;
const SQRT: i32 = 104;
const RSQRT: i32 = 105;
const RECIPROCAL: i32 = 106;
const SQUARE: i32 = 107;
const SIN: i32 = 108;
const COS: i32 = 109;
const TANH: i32 = 110;
const SIGMOID: i32 = 111;
const RELU: i32 = 112;
const LEAKY_RELU: i32 = 113;
const GELU: i32 = 114;
const GELU_TANH: i32 = 115;
const SILU: i32 = 116;
const SOFTPLUS: i32 = 117;
const CLAMP: i32 = 118;
const SIGN: i32 = 119;
const FLOOR: i32 = 120;
const ERF: i32 = 121;
const CEIL: i32 = 122;
const TRUNC: i32 = 123;
const ROUND: i32 = 124;
const LOG1P: i32 = 125;
const EXPM1: i32 = 126;
// Conversions, which take one operand, too.
const FLOAT_TO_WHOLE: i32 = 180;
const WHOLE_TO_FLOAT: i32 = 181;
const FLOAT_TO_HALF: i32 = 182;
const EQ: i32 = 200;
const NE: i32 = 201;
const LT: i32 = 202;
const LE: i32 = 203;
const WHERE: i32 = 300;
// The same of whole numbers.
const WHOLE_ADD: i32 = 400;
const WHOLE_SUB: i32 = 401;
const WHOLE_MUL: i32 = 402;
const WHOLE_MAXIMUM: i32 = 405;
const WHOLE_MINIMUM: i32 = 406;
const WHOLE_EQ: i32 = 600;
const WHOLE_NE: i32 = 601;
const WHOLE_LT: i32 = 602;
const WHOLE_LE: i32 = 603;
// Logic: functions of truth values, sixteen at a time.
const AND: i32 = 700;
const OR: i32 = 701;
const XOR: i32 = 702;
const EQUAL: i32 = 703;

/** Whether the results are truth values of numbers. */
@inline
function isRelation(operation: i32): bool {
  return (operation >= EQ && operation <= LE) || (operation >= WHOLE_EQ && operation <= WHOLE_LE);
}

/** The binary logarithm of the size of an operand's elements, and of the result's. */
@inline
function shiftOf(operation: i32): i32 {
  return operation >= AND ? 0 : 2;
}
@inline
function outShiftOf(operation: i32): i32 {
  return operation >= AND || isRelation(operation) ? 0 : 2;
}

export function elementwiseTask(job: ElementwiseJob, task: i32, scratch: usize): void {
  const first = task * job.taskSize;
  const last = min(first + job.taskSize, job.size);
  if (job.direct != 0) rows(job, first, last, scratch);
  else blocks(job, first, last, scratch);
}

/** Row by row, where the operands are. */
function rows(job: ElementwiseJob, first: i32, last: i32, scratch: usize): void {
  const row = first / job.n3;
  let i3 = first - row * job.n3;
  const matrix = row / job.n2;
  let i2 = row - matrix * job.n2;
  let i0 = matrix / job.n1;
  let i1 = matrix - i0 * job.n1;
  const shift = shiftOf(job.operation);
  const outShift = outShiftOf(job.operation);
  while (first < last) {
    const count = min(job.n3 - i3, last - first);
    let a = job.a + ((i0 * job.a0 + i1 * job.a1 + i2 * job.a2 + i3 * job.a3) << shift);
    let b = job.b + ((i0 * job.b0 + i1 * job.b1 + i2 * job.b2 + i3 * job.b3) << shift);
    let c = job.c + (i0 * job.c0 + i1 * job.c1 + i2 * job.c2 + i3 * job.c3);
    if (job.a3 == 0) a = repeated(a, shift, scratch);
    if (job.b3 == 0) b = repeated(b, shift, scratch + <usize>ROOM);
    if (job.c3 == 0) c = repeated(c, 0, scratch + <usize>(2 * ROOM));
    const out = job.out + ((<usize>first) << outShift);
    run(job, a, b, c, job.a3 != 0, job.b3 != 0, job.c3 != 0, out, count);
    first += count;
    i3 = 0;
    if (++i2 == job.n2) {
      i2 = 0;
      if (++i1 == job.n1) {
        i1 = 0;
        i0++;
      }
    }
  }
}

function blocks(job: ElementwiseJob, first: i32, last: i32, scratch: usize): void {
  // Blocks keep what is put in order in L1.
  const isPut = job.aWay > IN_ORDER || job.bWay > IN_ORDER || job.cWay > IN_ORDER;
  const block = isPut ? BLOCK : last - first;
  const shift = shiftOf(job.operation);
  const outShift = outShiftOf(job.operation);
  for (; first < last; first += block) {
    const count = min(block, last - first);
    const a = placed(job, offsetof<ElementwiseJob>('a'), job.aWay, shift, first, count, scratch);
    const b = placed(job, offsetof<ElementwiseJob>('b'), job.bWay, shift, first, count, scratch + <usize>ROOM);
    const c = placed(job, offsetof<ElementwiseJob>('c'), job.cWay, 0, first, count, scratch + <usize>(2 * ROOM));
    const out = job.out + ((<usize>first) << outShift);
    run(job, a, b, c, job.aWay != STILL, job.bWay != STILL, job.cWay != STILL, out, count);
  }
}

/** Where the elements of an operand lie in order. */
@inline
function placed(job: ElementwiseJob, field: usize, way: i32, shift: i32, first: i32, count: i32, scratch: usize): usize {
  const operand = changetype<Operand>(changetype<usize>(job) + field);
  if (way == STILL) return repeated(operand.start, shift, scratch);
  if (way == IN_ORDER) return operand.start + ((<usize>first) << shift);
  inOrder(operand, job.n1, job.n2, job.n3, shift, first, count, scratch);
  return scratch;
}

/** 64 bytes of copies of an element. */
function repeated(from: usize, shift: i32, to: usize): usize {
  const value = shift == 0 ? v128.load8_splat(from) : v128.load32_splat(from);
  v128.store(to, value);
  v128.store(to, value, 16);
  v128.store(to, value, 32);
  v128.store(to, value, 48);
  return to;
}

function run(
  job: ElementwiseJob,
  a: usize,
  b: usize,
  c: usize,
  aMoves: bool,
  bMoves: bool,
  cMoves: bool,
  out: usize,
  count: i32,
): void {
  switch (job.operation) {
    case ADD:
      light(ADD, job, a, b, aMoves, bMoves, out, count);
      break;
    case SUB:
      light(SUB, job, a, b, aMoves, bMoves, out, count);
      break;
    case MUL:
      light(MUL, job, a, b, aMoves, bMoves, out, count);
      break;
    case POW:
      along(POW, job, a, b, aMoves, bMoves, out, count);
      break;
    case DIV:
      light(DIV, job, a, b, aMoves, bMoves, out, count);
      break;
    case MAXIMUM:
      light(MAXIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case MINIMUM:
      light(MINIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case RELU_GRADIENT:
      light(RELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case ATAN2:
      along(ATAN2, job, a, b, aMoves, bMoves, out, count);
      break;
    case GELU_GRADIENT:
      along(GELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case GELU_TANH_GRADIENT:
      along(GELU_TANH_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case SILU_GRADIENT:
      along(SILU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case LEAKY_RELU_GRADIENT:
      light(LEAKY_RELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case CROSS_ENTROPY:
      along(CROSS_ENTROPY, job, a, b, aMoves, bMoves, out, count);
      break;
    case REMAINDER:
      along(REMAINDER, job, a, b, aMoves, bMoves, out, count);
      break;
    case FLOOR_DIVIDE:
      along(FLOOR_DIVIDE, job, a, b, aMoves, bMoves, out, count);
      break;
    case NEG:
      light(NEG, job, a, b, aMoves, bMoves, out, count);
      break;
    case ABS:
      light(ABS, job, a, b, aMoves, bMoves, out, count);
      break;
    case EXP:
      along(EXP, job, a, b, aMoves, bMoves, out, count);
      break;
    case LOG:
      along(LOG, job, a, b, aMoves, bMoves, out, count);
      break;
    case SQRT:
      light(SQRT, job, a, b, aMoves, bMoves, out, count);
      break;
    case RSQRT:
      light(RSQRT, job, a, b, aMoves, bMoves, out, count);
      break;
    case RECIPROCAL:
      light(RECIPROCAL, job, a, b, aMoves, bMoves, out, count);
      break;
    case SQUARE:
      light(SQUARE, job, a, b, aMoves, bMoves, out, count);
      break;
    case SIN:
      along(SIN, job, a, b, aMoves, bMoves, out, count);
      break;
    case COS:
      along(COS, job, a, b, aMoves, bMoves, out, count);
      break;
    case TANH:
      along(TANH, job, a, b, aMoves, bMoves, out, count);
      break;
    case SIGMOID:
      along(SIGMOID, job, a, b, aMoves, bMoves, out, count);
      break;
    case RELU:
      light(RELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case LEAKY_RELU:
      light(LEAKY_RELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case GELU:
      along(GELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case GELU_TANH:
      along(GELU_TANH, job, a, b, aMoves, bMoves, out, count);
      break;
    case SILU:
      along(SILU, job, a, b, aMoves, bMoves, out, count);
      break;
    case SOFTPLUS:
      along(SOFTPLUS, job, a, b, aMoves, bMoves, out, count);
      break;
    case CLAMP:
      light(CLAMP, job, a, b, aMoves, bMoves, out, count);
      break;
    case SIGN:
      light(SIGN, job, a, b, aMoves, bMoves, out, count);
      break;
    case FLOOR:
      light(FLOOR, job, a, b, aMoves, bMoves, out, count);
      break;
    case ERF:
      along(ERF, job, a, b, aMoves, bMoves, out, count);
      break;
    case CEIL:
      light(CEIL, job, a, b, aMoves, bMoves, out, count);
      break;
    case TRUNC:
      light(TRUNC, job, a, b, aMoves, bMoves, out, count);
      break;
    case ROUND:
      light(ROUND, job, a, b, aMoves, bMoves, out, count);
      break;
    case LOG1P:
      along(LOG1P, job, a, b, aMoves, bMoves, out, count);
      break;
    case EXPM1:
      along(EXPM1, job, a, b, aMoves, bMoves, out, count);
      break;
    case FLOAT_TO_WHOLE:
      light(FLOAT_TO_WHOLE, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_TO_FLOAT:
      light(WHOLE_TO_FLOAT, job, a, b, aMoves, bMoves, out, count);
      break;
    case FLOAT_TO_HALF:
      light(FLOAT_TO_HALF, job, a, b, aMoves, bMoves, out, count);
      break;
    case EQ:
      related(EQ, a, b, aMoves, bMoves, out, count);
      break;
    case NE:
      related(NE, a, b, aMoves, bMoves, out, count);
      break;
    case LT:
      related(LT, a, b, aMoves, bMoves, out, count);
      break;
    case LE:
      related(LE, a, b, aMoves, bMoves, out, count);
      break;
    case WHERE:
      chosen(a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_ADD:
      light(WHOLE_ADD, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_SUB:
      light(WHOLE_SUB, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_MUL:
      light(WHOLE_MUL, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_MAXIMUM:
      light(WHOLE_MAXIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_MINIMUM:
      light(WHOLE_MINIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_EQ:
      related(WHOLE_EQ, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_NE:
      related(WHOLE_NE, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_LT:
      related(WHOLE_LT, a, b, aMoves, bMoves, out, count);
      break;
    case WHOLE_LE:
      related(WHOLE_LE, a, b, aMoves, bMoves, out, count);
      break;
    case AND:
      logic(AND, a, b, aMoves, bMoves, out, count);
      break;
    case OR:
      logic(OR, a, b, aMoves, bMoves, out, count);
      break;
    case XOR:
      logic(XOR, a, b, aMoves, bMoves, out, count);
      break;
    case EQUAL:
      logic(EQUAL, a, b, aMoves, bMoves, out, count);
      break;
    default:
      unreachable();
  }
}

// Inlined, so that each operation gets a loop of its own. An operand that does not move is there 64 bytes long. Reads up to 16
// bytes past the end of an operand.

/** A function that takes less time than a turn of a loop: four vectors a turn. */
@inline
function light(
  operation: i32,
  job: ElementwiseJob,
  a: usize,
  b: usize,
  aMoves: bool,
  bMoves: bool,
  out: usize,
  count: i32,
): void {
  const isUnary = operation >= NEG && operation < EQ;
  // Functions of one operand have a number in place of the second.
  const alpha = f32x4.splat(job.alpha);
  const beta = f32x4.splat(job.beta);
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const end = out + ((<usize>count) << 2);
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep) {
    const y0 = isUnary ? alpha : v128.load(b);
    const y1 = isUnary ? alpha : v128.load(b, 16);
    const y2 = isUnary ? alpha : v128.load(b, 32);
    const y3 = isUnary ? alpha : v128.load(b, 48);
    const x1 = v128.load(a, 16);
    const x2 = v128.load(a, 32);
    const x3 = v128.load(a, 48);
    v128.store(out, applyLight(operation, v128.load(a), y0, beta));
    v128.store(out, applyLight(operation, x1, y1, beta), 16);
    v128.store(out, applyLight(operation, x2, y2, beta), 32);
    v128.store(out, applyLight(operation, x3, y3, beta), 48);
  }
  for (; out < end; out += 16, a += 16, b += 16) {
    const y = isUnary ? alpha : v128.load(b);
    storePart(out, applyLight(operation, v128.load(a), y, beta), <i32>((end - out) >> 2));
  }
}

/** A choice: as `light`, with a condition of one byte an element. */
@inline
function chosen(a: usize, b: usize, c: usize, aMoves: bool, bMoves: bool, cMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const cStep: usize = cMoves ? 16 : 0;
  const end = out + ((<usize>count) << 2);
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep, c += cStep) {
    // Each byte becomes a word of ones or zeros.
    const test = i8x16.ne(v128.load(c), i8x16.splat(0));
    const low = i16x8.extend_low_i8x16_s(test);
    const high = i16x8.extend_high_i8x16_s(test);
    v128.store(out, select(v128.load(a), v128.load(b), i32x4.extend_low_i16x8_s(low)));
    v128.store(out, select(v128.load(a, 16), v128.load(b, 16), i32x4.extend_high_i16x8_s(low)), 16);
    v128.store(out, select(v128.load(a, 32), v128.load(b, 32), i32x4.extend_low_i16x8_s(high)), 32);
    v128.store(out, select(v128.load(a, 48), v128.load(b, 48), i32x4.extend_high_i16x8_s(high)), 48);
  }
  for (; out < end; out += 4, a += 4, b += 4, c += 1) store<u32>(out, load<u32>(load<u8>(c) != 0 ? a : b));
}

/** A relation: as `light`, with results of one byte. */
@inline
function related(operation: i32, a: usize, b: usize, aMoves: bool, bMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const one = i8x16.splat(1);
  const end = out + <usize>count;
  for (; out + 16 <= end; out += 16, a += aStep, b += bStep) {
    const first = relation(operation, v128.load(a), v128.load(b));
    const second = relation(operation, v128.load(a, 16), v128.load(b, 16));
    const third = relation(operation, v128.load(a, 32), v128.load(b, 32));
    const fourth = relation(operation, v128.load(a, 48), v128.load(b, 48));
    const low = i16x8.narrow_i32x4_s(first, second);
    const high = i16x8.narrow_i32x4_s(third, fourth);
    v128.store(out, v128.and(i8x16.narrow_i16x8_s(low, high), one));
  }
  for (; out < end; out++, a += 4, b += 4) {
    const found = relation(operation, v128.load32_splat(a), v128.load32_splat(b));
    store<u8>(out, <u8>(i32x4.extract_lane(found, 0) & 1));
  }
}

/** Logic: as `light`, with bytes. */
@inline
function logic(operation: i32, a: usize, b: usize, aMoves: bool, bMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const end = out + <usize>count;
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep) {
    v128.store(out, applyLogic(operation, v128.load(a), v128.load(b)));
    v128.store(out, applyLogic(operation, v128.load(a, 16), v128.load(b, 16)), 16);
    v128.store(out, applyLogic(operation, v128.load(a, 32), v128.load(b, 32)), 32);
    v128.store(out, applyLogic(operation, v128.load(a, 48), v128.load(b, 48)), 48);
  }
  for (; out < end; out++, a++, b++) {
    const found = applyLogic(operation, v128.load8_splat(a), v128.load8_splat(b));
    store<u8>(out, <u8>i8x16.extract_lane_u(found, 0));
  }
}

@inline
function applyLogic(operation: i32, x: v128, y: v128): v128 {
  if (operation == AND) return v128.and(x, y);
  if (operation == OR) return v128.or(x, y);
  const differ = v128.xor(x, y);
  return operation == XOR ? differ : v128.xor(differ, i8x16.splat(1));
}

/** Stores at most `count` of four elements. */
@inline
function storePart(out: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(out, value);
    return;
  }
  if ((count & 2) != 0) v128.store64_lane(out, value, 0);
  if (count == 1) v128.store32_lane(out, value, 0);
  if (count == 3) v128.store32_lane(out, value, 2, 8);
}

/** Any other function. */
@inline
function along(
  operation: i32,
  job: ElementwiseJob,
  a: usize,
  b: usize,
  aMoves: bool,
  bMoves: bool,
  out: usize,
  count: i32,
): void {
  const isUnary = operation >= NEG && operation < EQ;
  const alpha = f32x4.splat(job.alpha);
  const beta = f32x4.splat(job.beta);
  const end = out + ((<usize>count) << 2);
  const aStep: usize = aMoves ? 16 : 0;
  const bStep: usize = bMoves ? 16 : 0;
  const isStill = !aMoves && (isUnary || !bMoves);
  for (; out < end; out += 16, a += aStep, b += bStep) {
    const result = apply(operation, v128.load(a), isUnary ? alpha : v128.load(b), beta);
    storePart(out, result, <i32>((end - out) >> 2));
    if (!isStill) continue;
    for (out += 16; out < end; out += 16) storePart(out, result, <i32>((end - out) >> 2));
    return;
  }
}

@inline
function apply(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == POW) return power(x, y);
  if (operation == ATAN2) return atan2(x, y);
  if (operation == GELU_GRADIENT) return geluGradient(x, y);
  if (operation == GELU_TANH_GRADIENT) return geluTanhGradient(x, y);
  if (operation == SILU_GRADIENT) return siluGradient(x, y);
  if (operation == CROSS_ENTROPY) return crossEntropy(x, y);
  if (operation == REMAINDER) return divided(false, x, y);
  if (operation == FLOOR_DIVIDE) return divided(true, x, y);
  if (operation == EXP) return exp(x);
  if (operation == LOG) return log(x);
  if (operation == SIN) return sine(x);
  if (operation == COS) return cosine(x);
  if (operation == TANH) return tanh(x);
  if (operation == SIGMOID) return sigmoid(x);
  if (operation == GELU) return gelu(x);
  if (operation == GELU_TANH) return geluTanh(x);
  if (operation == SILU) return f32x4.mul(x, sigmoid(x));
  if (operation == SOFTPLUS) return softplus(x, y, test);
  if (operation == ERF) return erf(x);
  if (operation == LOG1P) return log1p(x);
  return expm1(x);
}

@inline
function applyLight(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == ADD) return f32x4.add(x, y);
  if (operation == SUB) return f32x4.sub(x, y);
  if (operation == MUL) return f32x4.mul(x, y);
  if (operation == DIV) return f32x4.div(x, y);
  if (operation == MAXIMUM) return select(x, y, v128.or(f32x4.gt(x, y), f32x4.ne(x, x)));
  if (operation == MINIMUM) return select(x, y, v128.or(f32x4.lt(x, y), f32x4.ne(x, x)));
  if (operation == RELU_GRADIENT) return v128.andnot(x, f32x4.le(y, f32x4.splat(0)));
  if (operation == LEAKY_RELU_GRADIENT) return select(x, f32x4.mul(x, test), f32x4.gt(y, f32x4.splat(0)));
  if (operation == NEG) return f32x4.neg(x);
  if (operation == ABS) return f32x4.abs(x);
  if (operation == SQRT) return f32x4.sqrt(x);
  if (operation == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (operation == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (operation == SQUARE) return f32x4.mul(x, x);
  if (operation == RELU) return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == LEAKY_RELU) return select(f32x4.mul(x, y), x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == CLAMP) {
    const raised = select(y, x, f32x4.lt(x, y));
    return select(test, raised, f32x4.gt(raised, test));
  }
  if (operation == SIGN) {
    const one = f32x4.splat(1);
    const positive = v128.and(f32x4.gt(x, f32x4.splat(0)), one);
    return f32x4.sub(positive, v128.and(f32x4.lt(x, f32x4.splat(0)), one));
  }
  if (operation == FLOOR) return f32x4.floor(x);
  if (operation == CEIL) return f32x4.ceil(x);
  if (operation == TRUNC) return f32x4.trunc(x);
  if (operation == ROUND) return f32x4.nearest(x);
  if (operation == FLOAT_TO_WHOLE) return i32x4.trunc_sat_f32x4_s(x);
  if (operation == WHOLE_TO_FLOAT) return f32x4.convert_i32x4_s(x);
  if (operation == FLOAT_TO_HALF) return half(x);
  if (operation == WHOLE_ADD) return i32x4.add(x, y);
  if (operation == WHOLE_SUB) return i32x4.sub(x, y);
  if (operation == WHOLE_MUL) return i32x4.mul(x, y);
  if (operation == WHOLE_MAXIMUM) return i32x4.max_s(x, y);
  return i32x4.min_s(x, y);
}

@inline
function relation(operation: i32, x: v128, y: v128): v128 {
  if (operation == EQ) return f32x4.eq(x, y);
  if (operation == NE) return f32x4.ne(x, y);
  if (operation == LT) return f32x4.lt(x, y);
  if (operation == LE) return f32x4.le(x, y);
  if (operation == WHOLE_EQ) return i32x4.eq(x, y);
  if (operation == WHOLE_NE) return i32x4.ne(x, y);
  if (operation == WHOLE_LT) return i32x4.lt_s(x, y);
  return i32x4.le_s(x, y);
}
