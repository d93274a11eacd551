// Up to four numbers in the lanes of a vector: those that are not adjacent, and those that are fewer than four.

/** The numbers at x, x + step, … */
@inline
export function loadLanes(x: usize, step: usize): v128 {
  if (step == 4) return v128.load(x);
  const x2 = x + step + step;
  let value = v128.load32_zero(x);
  value = v128.load32_lane(x + step, value, 1);
  value = v128.load32_lane(x2, value, 2);
  return v128.load32_lane(x2 + step, value, 3);
}

@inline
export function storeLanes(to: usize, step: usize, value: v128): void {
  if (step == 4) {
    v128.store(to, value);
    return;
  }
  const to2 = to + step + step;
  v128.store32_lane(to, value, 0);
  v128.store32_lane(to + step, value, 1);
  v128.store32_lane(to2, value, 2);
  v128.store32_lane(to2 + step, value, 3);
}

/** The first one to four numbers at x, and zeros. */
@inline
export function loadFew(x: usize, count: i32): v128 {
  if (count == 4) return v128.load(x);
  let value = v128.load32_zero(x);
  if (count > 1) value = v128.load32_lane(x + 4, value, 1);
  return count > 2 ? v128.load32_lane(x + 8, value, 2) : value;
}

/** Stores the first one to four lanes. */
@inline
export function storeFew(to: usize, value: v128, count: i32): void {
  if (count == 4) {
    v128.store(to, value);
    return;
  }
  v128.store32_lane(to, value, 0);
  if (count > 1) v128.store32_lane(to + 4, value, 1);
  if (count > 2) v128.store32_lane(to + 8, value, 2);
}
