// The pixel transforms of convolutions with stride 2: see strideTwo.ts. Lanes are independent: each belongs to another tile or
// channel. The first two lanes and the last two may lie apart.

/** Products of a tile. */
export const PLACES: i32 = 25;

/**
 * The number of a place. Those whose products are added follow each other: the first two lines, the third, the last two, and
 * columns alike.
 */
@inline
export function placeOf(line: i32, column: i32): i32 {
  const top = line < 2 ? 0 : line == 2 ? 2 : 3;
  const left = column < 2 ? 0 : column == 2 ? 2 : 3;
  const height = line == 2 ? 1 : 2;
  const width = column == 2 ? 1 : 2;
  return 5 * top + height * left + (line - top) * width + column - left;
}

/** Stores the first two lanes and the last two. The first address wins. */
@inline
export function put(to: usize, apart: usize, value: v128): void {
  v128.store64_lane(to + apart, value, 1);
  v128.store64_lane(to, value, 0);
}

/** Four tiles of 5 × 5 pixels, with differences of even lines, and of even columns: see `Pack` in tiled.ts. */
export function packTiles(
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  to: usize,
  apart: usize,
  placeStep: usize,
  _block: usize,
): void {
  for (let s = 0; s < 5; s++) {
    let a0 = v128.load(p0);
    let a1 = v128.load(p1);
    let a2 = v128.load(p2);
    let a3 = v128.load(p3);
    let end01 = v128.shuffle<f32>(v128.load32_zero(p0, 16), v128.load32_zero(p1, 16), 0, 4, 1, 5);
    let end23 = v128.shuffle<f32>(v128.load32_zero(p2, 16), v128.load32_zero(p3, 16), 0, 4, 1, 5);
    let end = v128.shuffle<f32>(end01, end23, 0, 1, 4, 5);
    if (s == 0 || s == 4) {
      const less = <usize>(s == 0 ? 2 : -2) * line;
      a0 = f32x4.sub(a0, v128.load(p0 + less));
      a1 = f32x4.sub(a1, v128.load(p1 + less));
      a2 = f32x4.sub(a2, v128.load(p2 + less));
      a3 = f32x4.sub(a3, v128.load(p3 + less));
      end01 = v128.shuffle<f32>(v128.load32_zero(p0 + less, 16), v128.load32_zero(p1 + less, 16), 0, 4, 1, 5);
      end23 = v128.shuffle<f32>(v128.load32_zero(p2 + less, 16), v128.load32_zero(p3 + less, 16), 0, 4, 1, 5);
      end = f32x4.sub(end, v128.shuffle<f32>(end01, end23, 0, 1, 4, 5));
    }
    const low01 = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(a2, a3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(a0, a1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(a2, a3, 2, 6, 3, 7);
    const x2 = v128.shuffle<f32>(high01, high23, 0, 1, 4, 5);
    const left = to + <usize>placeOf(s, 0) * placeStep;
    const right = to + <usize>placeOf(s, 3) * placeStep;
    put(left, apart, f32x4.sub(v128.shuffle<f32>(low01, low23, 0, 1, 4, 5), x2));
    put(left + placeStep, apart, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    put(to + <usize>placeOf(s, 2) * placeStep, apart, x2);
    put(right, apart, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    put(right + placeStep, apart, f32x4.sub(end, x2));
    p0 += line;
    p1 += line;
    p2 += line;
    p3 += line;
  }
}

/** Four tiles of 3 × 3 outputs as 4 × 4 places: the first, the first less the second, the second, the third less the second. */
export function packOutputs(
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  to: usize,
  apart: usize,
  placeStep: usize,
  _block: usize,
): void {
  for (let s = 0; s < 4; s++, to += 4 * placeStep) {
    const at = <usize>(s < 2 ? 0 : s - 1) * line;
    let a0 = v128.load(p0 + at);
    let a1 = v128.load(p1 + at);
    let a2 = v128.load(p2 + at);
    let a3 = v128.load(p3 + at);
    if (s & 1) {
      a0 = f32x4.sub(a0, v128.load(p0 + line));
      a1 = f32x4.sub(a1, v128.load(p1 + line));
      a2 = f32x4.sub(a2, v128.load(p2 + line));
      a3 = f32x4.sub(a3, v128.load(p3 + line));
    }
    const low01 = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(a2, a3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(a0, a1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(a2, a3, 2, 6, 3, 7);
    const x0 = v128.shuffle<f32>(low01, low23, 0, 1, 4, 5);
    const x1 = v128.shuffle<f32>(low01, low23, 2, 3, 6, 7);
    put(to, apart, x0);
    put(to + placeStep, apart, f32x4.sub(x0, x1));
    put(to + 2 * placeStep, apart, x1);
    put(to + 3 * placeStep, apart, f32x4.sub(v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), x1));
  }
}
