/** A function that is nothing but f32x4.relaxed_madd. */
const PROBE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // Type () → v128, one function of it.
  ...[1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
  // Its code: three times i32.const 0 and i32x4.splat, f32x4.relaxed_madd.
  ...[10, 19, 1, 17, 0, 0x41, 0, 0xfd, 17, 0x41, 0, 0xfd, 17, 0x41, 0, 0xfd, 17, 0xfd, 0x85, 2, 0x0b],
];

/** Whether WebAssembly has relaxed SIMD here: V8 from version 11.4 (Chrome 114, Node 22), Firefox 145. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(PROBE));
}
