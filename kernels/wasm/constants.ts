/**
 * Four times a number of a table that `memory.data` makes.
 *
 * Engines load it in one instruction. V8 makes a constant vector from immediates, in four instructions and in every round
 * of a loop, which is half of the time of a polynomial.
 */
@inline
export function constant(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

/** Twice a float64 of a table. */
@inline
export function constant64(table: usize, index: usize): v128 {
  return v128.load64_splat(table + (index << 3));
}
