// Element-wise functions of one to three operands, four elements at a time:
//
//   out[i] = f(a[i], b[i])
//   out[i] = c[i] ≠ 0 ? a[i] : b[i]      for WHERE, with words of any kind
//
// i walks over four axes, along which each operand has a stride; out is in order. Long rows of adjacent elements are read
// where they are. Others are put in order first, a block at a time, which stays in L1.
//
// Numerics   float32. The result equals a float64 computation that is rounded once, but for RSQRT (1 unit in the last place)
//            and what functions.ts and trigonometry.ts compute. Relations give the words 0 and 1.

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

export function elementwiseTask(job: ElementwiseJob, task: i32, scratch: usize): void {
  const first = task * job.taskSize;
  const last = min(first + job.taskSize, job.size);
  if (job.direct != 0) rows(job, first, last);
  else blocks(job, first, last, scratch);
}

/** Row by row, where the operands are. */
function rows(job: ElementwiseJob, first: i32, last: i32): void {
  while (first < last) {
    const row = first / job.n3;
    const i3 = first - row * job.n3;
    const matrix = row / job.n2;
    const i2 = row - matrix * job.n2;
    const i0 = matrix / job.n1;
    const i1 = matrix - i0 * job.n1;
    const count = min(job.n3 - i3, last - first);
    const a = job.a + ((i0 * job.a0 + i1 * job.a1 + i2 * job.a2 + i3 * job.a3) << 2);
    const b = job.b + ((i0 * job.b0 + i1 * job.b1 + i2 * job.b2 + i3 * job.b3) << 2);
    const c = job.c + ((i0 * job.c0 + i1 * job.c1 + i2 * job.c2 + i3 * job.c3) << 2);
    run(job, a, b, c, job.a3 != 0, job.b3 != 0, job.c3 != 0, job.out + ((<usize>first) << 2), count);
    first += count;
  }
}

function blocks(job: ElementwiseJob, first: i32, last: i32, scratch: usize): void {
  for (; first < last; first += BLOCK) {
    const count = min(BLOCK, last - first);
    const a = placed(job, offsetof<ElementwiseJob>('a'), job.aWay, first, count, scratch);
    const b = placed(job, offsetof<ElementwiseJob>('b'), job.bWay, first, count, scratch + <usize>ROOM);
    const c = placed(job, offsetof<ElementwiseJob>('c'), job.cWay, first, count, scratch + <usize>(2 * ROOM));
    const out = job.out + ((<usize>first) << 2);
    run(job, a, b, c, job.aWay != STILL, job.bWay != STILL, job.cWay != STILL, out, count);
  }
}

/** Where the elements of an operand lie in order. */
@inline
function placed(job: ElementwiseJob, field: usize, way: i32, first: i32, count: i32, scratch: usize): usize {
  const operand = changetype<Operand>(changetype<usize>(job) + field);
  if (way == STILL) return operand.start;
  if (way == IN_ORDER) return operand.start + ((<usize>first) << 2);
  inOrder(operand, job.n1, job.n2, job.n3, first, count, scratch);
  return scratch;
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
      along(ADD, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SUB:
      along(SUB, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case MUL:
      along(MUL, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case POW:
      along(POW, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case DIV:
      along(DIV, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case MAXIMUM:
      along(MAXIMUM, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case MINIMUM:
      along(MINIMUM, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case RELU_GRADIENT:
      along(RELU_GRADIENT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case ATAN2:
      along(ATAN2, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case GELU_GRADIENT:
      along(GELU_GRADIENT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case GELU_TANH_GRADIENT:
      along(GELU_TANH_GRADIENT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SILU_GRADIENT:
      along(SILU_GRADIENT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LEAKY_RELU_GRADIENT:
      along(LEAKY_RELU_GRADIENT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case CROSS_ENTROPY:
      along(CROSS_ENTROPY, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case NEG:
      along(NEG, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case ABS:
      along(ABS, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case EXP:
      along(EXP, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LOG:
      along(LOG, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SQRT:
      along(SQRT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case RSQRT:
      along(RSQRT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case RECIPROCAL:
      along(RECIPROCAL, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SQUARE:
      along(SQUARE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SIN:
      along(SIN, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case COS:
      along(COS, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case TANH:
      along(TANH, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SIGMOID:
      along(SIGMOID, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case RELU:
      along(RELU, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LEAKY_RELU:
      along(LEAKY_RELU, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case GELU:
      along(GELU, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case GELU_TANH:
      along(GELU_TANH, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SILU:
      along(SILU, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SOFTPLUS:
      along(SOFTPLUS, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case CLAMP:
      along(CLAMP, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case SIGN:
      along(SIGN, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case FLOOR:
      along(FLOOR, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case ERF:
      along(ERF, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case CEIL:
      along(CEIL, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case TRUNC:
      along(TRUNC, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case ROUND:
      along(ROUND, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LOG1P:
      along(LOG1P, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case EXPM1:
      along(EXPM1, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case FLOAT_TO_WHOLE:
      along(FLOAT_TO_WHOLE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_TO_FLOAT:
      along(WHOLE_TO_FLOAT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case FLOAT_TO_HALF:
      along(FLOAT_TO_HALF, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case EQ:
      along(EQ, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case NE:
      along(NE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LT:
      along(LT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case LE:
      along(LE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHERE:
      along(WHERE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_ADD:
      along(WHOLE_ADD, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_SUB:
      along(WHOLE_SUB, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_MUL:
      along(WHOLE_MUL, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_MAXIMUM:
      along(WHOLE_MAXIMUM, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_MINIMUM:
      along(WHOLE_MINIMUM, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_EQ:
      along(WHOLE_EQ, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_NE:
      along(WHOLE_NE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_LT:
      along(WHOLE_LT, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case WHOLE_LE:
      along(WHOLE_LE, job, a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    default:
      unreachable();
  }
}

/** Inlined, so that each operation gets a loop of its own. Reads up to 16 bytes past the end of an operand. */
@inline
function along(
  operation: i32,
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
  let x = v128.load32_splat(a);
  const isUnary = operation >= NEG && operation < EQ;
  let y = isUnary ? f32x4.splat(job.alpha) : v128.load32_splat(b);
  // Only WHERE has a third operand. Others have a number in its place, and functions of one operand in that of the second.
  let test = operation == WHERE ? v128.load32_splat(c) : f32x4.splat(job.beta);
  const whole = out + (<usize>(count & ~3) << 2);
  const isStill = !aMoves && (isUnary || !bMoves) && (operation != WHERE || !cMoves);
  let result: v128;
  while (true) {
    if (aMoves) x = v128.load(a);
    if (!isUnary && bMoves) y = v128.load(b);
    if (operation == WHERE && cMoves) test = v128.load(c);
    result = apply(operation, x, y, test);
    if (out >= whole) break;
    v128.store(out, result);
    a += 16;
    b += 16;
    c += 16;
    out += 16;
    if (isStill) {
      for (; out < whole; out += 16) v128.store(out, result);
      break;
    }
  }
  if ((count & 2) != 0) {
    v128.store64_lane(out, result, 0);
    result = v128.shuffle<i32>(result, result, 2, 3, 2, 3);
    out += 8;
  }
  if ((count & 1) != 0) v128.store32_lane(out, result, 0);
}

@inline
function apply(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == ADD) return f32x4.add(x, y);
  if (operation == SUB) return f32x4.sub(x, y);
  if (operation == MUL) return f32x4.mul(x, y);
  if (operation == DIV) return f32x4.div(x, y);
  if (operation == POW) return power(x, y);
  if (operation == MAXIMUM) return select(x, y, v128.or(f32x4.gt(x, y), f32x4.ne(x, x)));
  if (operation == MINIMUM) return select(x, y, v128.or(f32x4.lt(x, y), f32x4.ne(x, x)));
  if (operation == RELU_GRADIENT) return v128.andnot(x, f32x4.le(y, f32x4.splat(0)));
  if (operation == ATAN2) return atan2(x, y);
  if (operation == GELU_GRADIENT) return geluGradient(x, y);
  if (operation == GELU_TANH_GRADIENT) return geluTanhGradient(x, y);
  if (operation == SILU_GRADIENT) return siluGradient(x, y);
  if (operation == LEAKY_RELU_GRADIENT) return select(x, f32x4.mul(x, test), f32x4.gt(y, f32x4.splat(0)));
  if (operation == CROSS_ENTROPY) return crossEntropy(x, y);
  if (operation == NEG) return f32x4.neg(x);
  if (operation == ABS) return f32x4.abs(x);
  if (operation == EXP) return exp(x);
  if (operation == LOG) return log(x);
  if (operation == SQRT) return f32x4.sqrt(x);
  if (operation == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (operation == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (operation == SQUARE) return f32x4.mul(x, x);
  if (operation == SIN) return sine(x);
  if (operation == COS) return cosine(x);
  if (operation == RELU) return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == TANH) return tanh(x);
  if (operation == SIGMOID) return sigmoid(x);
  if (operation == LEAKY_RELU) return select(f32x4.mul(x, y), x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == GELU) return gelu(x);
  if (operation == GELU_TANH) return geluTanh(x);
  if (operation == SILU) return f32x4.mul(x, sigmoid(x));
  if (operation == SOFTPLUS) return softplus(x, y, test);
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
  if (operation == ERF) return erf(x);
  if (operation == CEIL) return f32x4.ceil(x);
  if (operation == TRUNC) return f32x4.trunc(x);
  if (operation == ROUND) return f32x4.nearest(x);
  if (operation == LOG1P) return log1p(x);
  if (operation == EXPM1) return expm1(x);
  if (operation == FLOAT_TO_WHOLE) return i32x4.trunc_sat_f32x4_s(x);
  if (operation == WHOLE_TO_FLOAT) return f32x4.convert_i32x4_s(x);
  if (operation == FLOAT_TO_HALF) return half(x);
  if (operation == WHERE) return select(x, y, i32x4.ne(test, i32x4.splat(0)));
  if (operation == WHOLE_ADD) return i32x4.add(x, y);
  if (operation == WHOLE_SUB) return i32x4.sub(x, y);
  if (operation == WHOLE_MUL) return i32x4.mul(x, y);
  if (operation == WHOLE_MAXIMUM) return i32x4.max_s(x, y);
  if (operation == WHOLE_MINIMUM) return i32x4.min_s(x, y);
  return v128.and(relation(operation, x, y), i32x4.splat(1));
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
