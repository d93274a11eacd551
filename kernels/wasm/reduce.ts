// Sums in float64, which are rounded once.

/** The sum of numbers that follow each other, in four interleaved sums. */
export function sumRun(x: usize, count: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < whole; x += 16) {
    low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load(x)));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(x, 8)));
  }
  const both = f64x2.add(low, high);
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4) total += <f64>load<f32>(x);
  return total;
}

/** out[j] = Σ_i x[i, j]: rows `stride` bytes apart, i ascending. */
export function sumRows(x: usize, rows: i32, stride: usize, columns: i32, out: usize): void {
  let j = 0;
  for (; j + 4 <= columns; j += 4, x += 16, out += 16) {
    let low = f64x2.splat(0);
    let high = low;
    let at = x;
    for (let i = 0; i < rows; i++, at += stride) {
      low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load(at)));
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)));
    }
    const bottom = f32x4.demote_f64x2_zero(low);
    const top = f32x4.demote_f64x2_zero(high);
    v128.store(out, v128.shuffle<f32>(bottom, top, 0, 1, 4, 5));
  }
  for (; j < columns; j++, x += 4, out += 4) {
    let total: f64 = 0;
    let at = x;
    for (let i = 0; i < rows; i++, at += stride) total += <f64>load<f32>(at);
    store<f32>(out, <f32>total);
  }
}
