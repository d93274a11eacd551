// The step of every product. There are two builds of this module: the portable one, for every engine and processor, and one
// with relaxed SIMD, for those with fused multiply-add.

/** x · y + s. The portable build rounds product and sum. Relaxed SIMD rounds once, as it is taken where that is so. */
@inline
export function madd(x: v128, y: v128, s: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, s) : f32x4.add(s, f32x4.mul(x, y));
}

/** x where all bits of a lane of the mask are set, y where none is. */
@inline
export function select(x: v128, y: v128, mask: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i32x4.relaxed_laneselect(x, y, mask) : v128.bitselect(x, y, mask);
}
