// Element-wise functions of one to three operands, four elements at a time:
//
//   out[row, i] = f(a[row, i], b[row, i])
//   out[row, i] = c[row, i] ≠ 0 ? a[row, i] : b[row, i]      for WHERE, with words of any kind
//
// Numerics   float32. The result equals a float64 computation that is rounded once, but for RSQRT (1 unit in the last place)
//            and what functions.ts computes. Relations give the words 0 and 1.

import { erf, exp, gelu, geluTanh, log, sigmoid, softplus, tanh } from './functions';

@unmanaged
export class ElementwiseJob {
  operation: i32;
  a: usize;
  b: usize;
  c: usize;
  out: usize;
  rows: i32;
  /** Elements of a row. The last row ends after `total` elements. */
  length: i32;
  total: i32;
  /** Bytes from one row to the next. */
  aRow: usize;
  bRow: usize;
  cRow: usize;
  /** Whether the operand has consecutive elements; otherwise one element is used for the whole row. */
  aMoves: i32;
  bMoves: i32;
  cMoves: i32;
  taskRows: i32;
  /** Numbers that some functions of one operand take: in place of b and c. */
  alpha: f32;
  beta: f32;
}

// The values of OPERATION in kernels/binary.wgsl, from 100 on those in kernels/unary.wgsl, and from 200 on those in
// kernels/compare.wgsl.
const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const MAXIMUM: i32 = 5;
const MINIMUM: i32 = 6;
const RELU_GRADIENT: i32 = 7;
const NEG: i32 = 100;
const ABS: i32 = 101;
const EXP: i32 = 102;
const LOG: i32 = 103;
const SQRT: i32 = 104;
const RSQRT: i32 = 105;
const RECIPROCAL: i32 = 106;
const SQUARE: i32 = 107;
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
const EQ: i32 = 200;
const NE: i32 = 201;
const LT: i32 = 202;
const LE: i32 = 203;
const GT: i32 = 204;
const GE: i32 = 205;
const WHERE: i32 = 300;

export function elementwiseTask(job: ElementwiseJob, task: i32): void {
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last; row++) {
    const count = min(job.length, job.total - row * job.length);
    const a = job.a + <usize>row * job.aRow;
    const b = job.b + <usize>row * job.bRow;
    const c = job.c + <usize>row * job.cRow;
    const out = job.out + (<usize>(row * job.length) << 2);
    switch (job.operation) {
      case ADD:
        along(ADD, job, a, b, c, out, count);
        break;
      case SUB:
        along(SUB, job, a, b, c, out, count);
        break;
      case MUL:
        along(MUL, job, a, b, c, out, count);
        break;
      case DIV:
        along(DIV, job, a, b, c, out, count);
        break;
      case MAXIMUM:
        along(MAXIMUM, job, a, b, c, out, count);
        break;
      case MINIMUM:
        along(MINIMUM, job, a, b, c, out, count);
        break;
      case RELU_GRADIENT:
        along(RELU_GRADIENT, job, a, b, c, out, count);
        break;
      case NEG:
        along(NEG, job, a, b, c, out, count);
        break;
      case ABS:
        along(ABS, job, a, b, c, out, count);
        break;
      case EXP:
        along(EXP, job, a, b, c, out, count);
        break;
      case LOG:
        along(LOG, job, a, b, c, out, count);
        break;
      case SQRT:
        along(SQRT, job, a, b, c, out, count);
        break;
      case RSQRT:
        along(RSQRT, job, a, b, c, out, count);
        break;
      case RECIPROCAL:
        along(RECIPROCAL, job, a, b, c, out, count);
        break;
      case SQUARE:
        along(SQUARE, job, a, b, c, out, count);
        break;
      case TANH:
        along(TANH, job, a, b, c, out, count);
        break;
      case SIGMOID:
        along(SIGMOID, job, a, b, c, out, count);
        break;
      case RELU:
        along(RELU, job, a, b, c, out, count);
        break;
      case LEAKY_RELU:
        along(LEAKY_RELU, job, a, b, c, out, count);
        break;
      case GELU:
        along(GELU, job, a, b, c, out, count);
        break;
      case GELU_TANH:
        along(GELU_TANH, job, a, b, c, out, count);
        break;
      case SILU:
        along(SILU, job, a, b, c, out, count);
        break;
      case SOFTPLUS:
        along(SOFTPLUS, job, a, b, c, out, count);
        break;
      case CLAMP:
        along(CLAMP, job, a, b, c, out, count);
        break;
      case SIGN:
        along(SIGN, job, a, b, c, out, count);
        break;
      case FLOOR:
        along(FLOOR, job, a, b, c, out, count);
        break;
      case ERF:
        along(ERF, job, a, b, c, out, count);
        break;
      case EQ:
        along(EQ, job, a, b, c, out, count);
        break;
      case NE:
        along(NE, job, a, b, c, out, count);
        break;
      case LT:
        along(LT, job, a, b, c, out, count);
        break;
      case LE:
        along(LE, job, a, b, c, out, count);
        break;
      case GT:
        along(GT, job, a, b, c, out, count);
        break;
      case GE:
        along(GE, job, a, b, c, out, count);
        break;
      case WHERE:
        along(WHERE, job, a, b, c, out, count);
        break;
      default:
        unreachable();
    }
  }
}

/** Inlined, so that each operation gets a loop of its own. */
@inline
function along(
  operation: i32,
  job: ElementwiseJob,
  a: usize,
  b: usize,
  c: usize,
  out: usize,
  count: i32,
): void {
  const aMoves = job.aMoves != 0;
  const bMoves = job.bMoves != 0;
  const cMoves = job.cMoves != 0;
  let x = v128.load_splat<f32>(a);
  const isUnary = operation >= NEG && operation < EQ;
  let y = isUnary ? f32x4.splat(job.alpha) : v128.load_splat<f32>(b);
  // Only WHERE has a third operand. Functions of one operand have numbers in place of the second and the third.
  let test = operation == WHERE ? v128.load_splat<u32>(c) : f32x4.splat(job.beta);
  const whole = out + (<usize>(count & ~3) << 2);
  const end = out + (<usize>count << 2);
  while (out < whole) {
    if (aMoves) x = v128.load(a);
    if (!isUnary && bMoves) y = v128.load(b);
    if (operation == WHERE && cMoves) test = v128.load(c);
    v128.store(out, apply(operation, x, y, test));
    a += 16;
    b += 16;
    c += 16;
    out += 16;
  }
  while (out < end) {
    if (aMoves) x = v128.load_splat<f32>(a);
    if (!isUnary && bMoves) y = v128.load_splat<f32>(b);
    if (operation == WHERE && cMoves) test = v128.load_splat<u32>(c);
    v128.store32_lane(out, apply(operation, x, y, test), 0);
    a += 4;
    b += 4;
    c += 4;
    out += 4;
  }
}

@inline
function apply(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == ADD) return f32x4.add(x, y);
  if (operation == SUB) return f32x4.sub(x, y);
  if (operation == MUL) return f32x4.mul(x, y);
  if (operation == DIV) return f32x4.div(x, y);
  if (operation == MAXIMUM) return v128.bitselect(x, y, v128.or(f32x4.gt(x, y), f32x4.ne(x, x)));
  if (operation == MINIMUM) return v128.bitselect(x, y, v128.or(f32x4.lt(x, y), f32x4.ne(x, x)));
  if (operation == RELU_GRADIENT) return v128.andnot(x, f32x4.le(y, f32x4.splat(0)));
  if (operation == NEG) return f32x4.neg(x);
  if (operation == ABS) return f32x4.abs(x);
  if (operation == EXP) return exp(x);
  if (operation == LOG) return log(x);
  if (operation == SQRT) return f32x4.sqrt(x);
  if (operation == RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (operation == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (operation == SQUARE) return f32x4.mul(x, x);
  if (operation == RELU) return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == TANH) return tanh(x);
  if (operation == SIGMOID) return sigmoid(x);
  if (operation == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, y), x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == GELU) return gelu(x);
  if (operation == GELU_TANH) return geluTanh(x);
  if (operation == SILU) return f32x4.mul(x, sigmoid(x));
  if (operation == SOFTPLUS) return softplus(x, y, test);
  if (operation == CLAMP) {
    const raised = v128.bitselect(y, x, f32x4.lt(x, y));
    return v128.bitselect(test, raised, f32x4.gt(raised, test));
  }
  if (operation == SIGN) {
    const one = f32x4.splat(1);
    const positive = v128.and(f32x4.gt(x, f32x4.splat(0)), one);
    return f32x4.sub(positive, v128.and(f32x4.lt(x, f32x4.splat(0)), one));
  }
  if (operation == FLOOR) return f32x4.floor(x);
  if (operation == ERF) return erf(x);
  if (operation == WHERE) return v128.bitselect(x, y, i32x4.ne(test, i32x4.splat(0)));
  return v128.and(relation(operation, x, y), i32x4.splat(1));
}

@inline
function relation(operation: i32, x: v128, y: v128): v128 {
  if (operation == EQ) return f32x4.eq(x, y);
  if (operation == NE) return f32x4.ne(x, y);
  if (operation == LT) return f32x4.lt(x, y);
  if (operation == LE) return f32x4.le(x, y);
  if (operation == GT) return f32x4.gt(x, y);
  return f32x4.ge(x, y);
}
