// Four numbers that are not adjacent, in the lanes of a vector.

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
