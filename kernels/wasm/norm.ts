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
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  let moreEven = f64x2.splat(0);
  let moreOdd = f64x2.splat(0);
  let element = 0;
  for (; element + 8 <= count; element += 8) {
    const at = x + ((<usize>element) << 2);
    even = f64x2.add(even, squares(v128.load64_zero(at)));
    odd = f64x2.add(odd, squares(v128.load64_zero(at + 8)));
    moreEven = f64x2.add(moreEven, squares(v128.load64_zero(at + 16)));
    moreOdd = f64x2.add(moreOdd, squares(v128.load64_zero(at + 24)));
  }
  const sums = f64x2.add(f64x2.add(even, odd), f64x2.add(moreEven, moreOdd));
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
