/** A module whose function f returns (1 + 2⁻¹²)² - (1 + 2⁻¹¹) by f32x4.relaxed_madd: 2⁻²⁴, or 0 if the product is rounded. */
const PROBE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // Type () → f32; one function of it, exported as f.
  ...[1, 5, 1, 0x60, 0, 1, 0x7d, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
  // Its code: three times f32.const and f32x4.splat, f32x4.relaxed_madd, f32x4.extract_lane 0.
  ...[10, 31, 1, 29, 0],
  ...[
    0x43, 0, 8, 0x80, 0x3f, 0xfd, 0x13, 0x43, 0, 8, 0x80, 0x3f, 0xfd, 0x13, 0x43, 0, 0x10, 0x80, 0xbf, 0xfd,
    0x13,
  ],
  ...[0xfd, 0x85, 2, 0xfd, 0x1f, 0, 0x0b],
];

/**
 * Whether WebAssembly has relaxed SIMD with fused multiply-add here: on a processor that has it, V8 from version 11.4 on (Chrome
 * 114, Node 22). JavaScriptCore rounds twice.
 */
export function hasRelaxedSimd(): boolean {
  try {
    const bytes = Uint8Array.from(PROBE);
    if (!WebAssembly.validate(bytes)) return false;
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as { f: () => number };
    return f() !== 0;
  } catch {
    // There is no WebAssembly, or a policy forbids it.
    return false;
  }
}
