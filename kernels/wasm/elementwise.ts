// Element-wise functions of one or two operands, four elements at a time:
//
//   out[row, i] = f(a[row, i], b[row, i])
//
// Numerics   float32. For these functions the result equals a float64 computation that is rounded once.

@unmanaged
export class ElementwiseJob {
  operation: i32;
  a: usize;
  b: usize;
  out: usize;
  rows: i32;
  /** Elements of a row. The last row ends after `total` elements. */
  length: i32;
  total: i32;
  /** Bytes from one row to the next. */
  aRow: usize;
  bRow: usize;
  /** Whether the operand has consecutive elements; otherwise one element is used for the whole row. */
  aMoves: i32;
  bMoves: i32;
  taskRows: i32;
}

// The values of OPERATION in kernels/binary.wgsl, and from 100 on those in kernels/unary.wgsl.
const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const MAXIMUM: i32 = 5;
const MINIMUM: i32 = 6;
const RELU_GRADIENT: i32 = 7;
const NEG: i32 = 100;
const ABS: i32 = 101;
const SQRT: i32 = 104;
const SQUARE: i32 = 107;
const RELU: i32 = 112;

export function elementwiseTask(job: ElementwiseJob, task: i32): void {
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last; row++) {
    const count = min(job.length, job.total - row * job.length);
    const a = job.a + <usize>row * job.aRow;
    const b = job.b + <usize>row * job.bRow;
    const out = job.out + (<usize>(row * job.length) << 2);
    switch (job.operation) {
      case ADD:
        along(ADD, job, a, b, out, count);
        break;
      case SUB:
        along(SUB, job, a, b, out, count);
        break;
      case MUL:
        along(MUL, job, a, b, out, count);
        break;
      case DIV:
        along(DIV, job, a, b, out, count);
        break;
      case MAXIMUM:
        along(MAXIMUM, job, a, b, out, count);
        break;
      case MINIMUM:
        along(MINIMUM, job, a, b, out, count);
        break;
      case RELU_GRADIENT:
        along(RELU_GRADIENT, job, a, b, out, count);
        break;
      case NEG:
        along(NEG, job, a, b, out, count);
        break;
      case ABS:
        along(ABS, job, a, b, out, count);
        break;
      case SQRT:
        along(SQRT, job, a, b, out, count);
        break;
      case SQUARE:
        along(SQUARE, job, a, b, out, count);
        break;
      case RELU:
        along(RELU, job, a, b, out, count);
        break;
      default:
        unreachable();
    }
  }
}

/** Inlined, so that each operation gets a loop of its own. */
@inline
function along(operation: i32, job: ElementwiseJob, a: usize, b: usize, out: usize, count: i32): void {
  const aMoves = job.aMoves != 0;
  const bMoves = job.bMoves != 0;
  let x = v128.load_splat<f32>(a);
  let y = v128.load_splat<f32>(b);
  const whole = out + (<usize>(count & ~3) << 2);
  const end = out + (<usize>count << 2);
  while (out < whole) {
    if (aMoves) x = v128.load(a);
    if (bMoves) y = v128.load(b);
    v128.store(out, apply(operation, x, y));
    a += 16;
    b += 16;
    out += 16;
  }
  while (out < end) {
    if (aMoves) x = v128.load_splat<f32>(a);
    if (bMoves) y = v128.load_splat<f32>(b);
    store<f32>(out, f32x4.extract_lane(apply(operation, x, y), 0));
    a += 4;
    b += 4;
    out += 4;
  }
}

@inline
function apply(operation: i32, x: v128, y: v128): v128 {
  if (operation == ADD) return f32x4.add(x, y);
  if (operation == SUB) return f32x4.sub(x, y);
  if (operation == MUL) return f32x4.mul(x, y);
  if (operation == DIV) return f32x4.div(x, y);
  if (operation == MAXIMUM) return v128.bitselect(x, y, v128.or(f32x4.gt(x, y), f32x4.ne(x, x)));
  if (operation == MINIMUM) return v128.bitselect(x, y, v128.or(f32x4.lt(x, y), f32x4.ne(x, x)));
  if (operation == RELU_GRADIENT) return v128.andnot(x, f32x4.le(y, f32x4.splat(0)));
  if (operation == NEG) return f32x4.neg(x);
  if (operation == ABS) return f32x4.abs(x);
  if (operation == SQRT) return f32x4.sqrt(x);
  if (operation == SQUARE) return f32x4.mul(x, x);
  return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
}
