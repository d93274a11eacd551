// The step of every product. There are two builds of this module: the portable one, with the same bits on every processor,
// and one with relaxed SIMD.

/**
 * x · y + s. The portable build rounds product and sum separately. Relaxed SIMD rounds once on a processor with fused
 * multiply-add, and takes half the time.
 */
@inline
export function madd(x: v128, y: v128, s: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, s) : f32x4.add(s, f32x4.mul(x, y));
}
