// Sums of squares, in parts, for kernels/norm.wgsl:
//
//   out[3 s] = Σ x[i]², i in [s·chunk, min((s+1)·chunk, size)),   out[3 s + 1] = out[3 s + 2] = 0
//
// With `root`, the only part is one number, √Σ x[i]². Numerics: sums in float64, rounded once.

@unmanaged
export class SquaresJob {
  x: usize;
  out: usize;
  size: i32;
  chunk: i32;
  root: i32;
}

export function squaresTask(job: SquaresJob, part: i32): void {
  const first = part * job.chunk;
  const total = sumOfSquares(job.x + ((<usize>first) << 2), min(job.chunk, job.size - first));
  if (job.root) {
    store<f32>(job.out, <f32>sqrt<f64>(total));
    return;
  }
  const out = job.out + <usize>(12 * part);
  store<f32>(out, <f32>total);
  store<f32>(out + 4, 0);
  store<f32>(out + 8, 0);
}

function sumOfSquares(x: usize, count: i32): f64 {
  let total0 = f64x2.splat(0);
  let total1 = f64x2.splat(0);
  let total2 = f64x2.splat(0);
  let total3 = f64x2.splat(0);
  let element = 0;
  for (; element + 8 <= count; element += 8) {
    const at = x + ((<usize>element) << 2);
    total0 = f64x2.add(total0, squares(v128.load64_zero(at)));
    total1 = f64x2.add(total1, squares(v128.load64_zero(at + 8)));
    total2 = f64x2.add(total2, squares(v128.load64_zero(at + 16)));
    total3 = f64x2.add(total3, squares(v128.load64_zero(at + 24)));
  }
  const sums = f64x2.add(f64x2.add(total0, total1), f64x2.add(total2, total3));
  let total = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; element < count; element++) {
    const value = <f64>load<f32>(x + ((<usize>element) << 2));
    total += value * value;
  }
  return total;
}

@inline
function squares(x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.mul(wide, wide);
}
