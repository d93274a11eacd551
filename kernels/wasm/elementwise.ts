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

import * as op from './elementwiseJob';
import { ElementwiseJob } from './elementwiseJob';
import { along, light } from './numbers';
import { chosen, logic, related } from './truthValues';
import { inOrder, Operand } from './walk';

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
  const shift = op.shiftOf(job.operation);
  const outShift = op.outShiftOf(job.operation);
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
  const shift = op.shiftOf(job.operation);
  const outShift = op.outShiftOf(job.operation);
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

/** Elements that have one result, where no operand moves. */
const ONCE: i32 = 16;

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
  if (aMoves || bMoves || cMoves || count <= ONCE) {
    compute(job, a, b, c, aMoves, bMoves, cMoves, out, count);
    return;
  }
  compute(job, a, b, c, false, false, false, out, ONCE);
  const value = v128.load(out);
  const end = out + ((<usize>count) << op.outShiftOf(job.operation));
  for (; out + 16 < end; out += 16) v128.store(out, value);
  v128.store(end - 16, value);
}

function compute(
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
    case op.ADD:
      light(op.ADD, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SUB:
      light(op.SUB, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.MUL:
      light(op.MUL, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.POW:
      along(op.POW, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.DIV:
      light(op.DIV, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.MAXIMUM:
      light(op.MAXIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.MINIMUM:
      light(op.MINIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.RELU_GRADIENT:
      light(op.RELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.ATAN2:
      along(op.ATAN2, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.GELU_GRADIENT:
      along(op.GELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.GELU_TANH_GRADIENT:
      along(op.GELU_TANH_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SILU_GRADIENT:
      along(op.SILU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.LEAKY_RELU_GRADIENT:
      light(op.LEAKY_RELU_GRADIENT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.CROSS_ENTROPY:
      along(op.CROSS_ENTROPY, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.REMAINDER:
      along(op.REMAINDER, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.FLOOR_DIVIDE:
      along(op.FLOOR_DIVIDE, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.NEG:
      light(op.NEG, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.ABS:
      light(op.ABS, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.EXP:
      along(op.EXP, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.LOG:
      along(op.LOG, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SQRT:
      light(op.SQRT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.RSQRT:
      light(op.RSQRT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.RECIPROCAL:
      light(op.RECIPROCAL, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SQUARE:
      light(op.SQUARE, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SIN:
      along(op.SIN, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.COS:
      along(op.COS, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.TANH:
      along(op.TANH, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SIGMOID:
      along(op.SIGMOID, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.RELU:
      light(op.RELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.LEAKY_RELU:
      light(op.LEAKY_RELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.GELU:
      along(op.GELU, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.GELU_TANH:
      along(op.GELU_TANH, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SILU:
      along(op.SILU, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SOFTPLUS:
      along(op.SOFTPLUS, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.CLAMP:
      light(op.CLAMP, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.SIGN:
      light(op.SIGN, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.FLOOR:
      light(op.FLOOR, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.ERF:
      along(op.ERF, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.CEIL:
      light(op.CEIL, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.TRUNC:
      light(op.TRUNC, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.ROUND:
      light(op.ROUND, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.LOG1P:
      along(op.LOG1P, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.EXPM1:
      along(op.EXPM1, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.FLOAT_TO_WHOLE:
      light(op.FLOAT_TO_WHOLE, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_TO_FLOAT:
      light(op.WHOLE_TO_FLOAT, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.FLOAT_TO_HALF:
      light(op.FLOAT_TO_HALF, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.EQ:
      related(op.EQ, a, b, aMoves, bMoves, out, count);
      break;
    case op.NE:
      related(op.NE, a, b, aMoves, bMoves, out, count);
      break;
    case op.LT:
      related(op.LT, a, b, aMoves, bMoves, out, count);
      break;
    case op.LE:
      related(op.LE, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHERE:
      chosen(a, b, c, aMoves, bMoves, cMoves, out, count);
      break;
    case op.WHOLE_ADD:
      light(op.WHOLE_ADD, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_SUB:
      light(op.WHOLE_SUB, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_MUL:
      light(op.WHOLE_MUL, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_MAXIMUM:
      light(op.WHOLE_MAXIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_MINIMUM:
      light(op.WHOLE_MINIMUM, job, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_EQ:
      related(op.WHOLE_EQ, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_NE:
      related(op.WHOLE_NE, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_LT:
      related(op.WHOLE_LT, a, b, aMoves, bMoves, out, count);
      break;
    case op.WHOLE_LE:
      related(op.WHOLE_LE, a, b, aMoves, bMoves, out, count);
      break;
    case op.AND:
      logic(op.AND, a, b, aMoves, bMoves, out, count);
      break;
    case op.OR:
      logic(op.OR, a, b, aMoves, bMoves, out, count);
      break;
    case op.XOR:
      logic(op.XOR, a, b, aMoves, bMoves, out, count);
      break;
    case op.EQUAL:
      logic(op.EQUAL, a, b, aMoves, bMoves, out, count);
      break;
    default:
      unreachable();
  }
}
