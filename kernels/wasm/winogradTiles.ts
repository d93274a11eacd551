// Pixel transforms of Winograd's convolutions: see winograd.ts.

/** Products of a tile of 4 × 4 pixels. */
export const PLACES: i32 = 16;

/**
 * Bᵀ d B of four tiles that are two pixels apart, in lines of ten pixels that begin at `r0`. Places are `placeStep`
 * bytes apart.
 */
export function transformTiles(r0: usize, line: usize, to: usize, placeStep: usize): void {
  const r1 = r0 + line;
  const r2 = r1 + line;
  const r3 = r2 + line;
  // Pixels 0 to 7, and 2 to 9.
  const a2 = v128.load(r2);
  const b2 = v128.load(r2, 16);
  const c2 = v128.load(r2, 8);
  const d2 = v128.load(r2, 24);
  transformLine(
    f32x4.sub(v128.load(r0), a2),
    f32x4.sub(v128.load(r0, 16), b2),
    f32x4.sub(v128.load(r0, 8), c2),
    f32x4.sub(v128.load(r0, 24), d2),
    to,
    placeStep,
  );
  // Never true. Such exits keep V8 from loading all lines first and running out of registers.
  if (r1 < r0) return;
  const a1 = v128.load(r1);
  const b1 = v128.load(r1, 16);
  const c1 = v128.load(r1, 8);
  const d1 = v128.load(r1, 24);
  transformLine(
    f32x4.add(a1, a2),
    f32x4.add(b1, b2),
    f32x4.add(c1, c2),
    f32x4.add(d1, d2),
    to + 4 * placeStep,
    placeStep,
  );
  if (r2 < r1) return;
  transformLine(
    f32x4.sub(a2, a1),
    f32x4.sub(b2, b1),
    f32x4.sub(c2, c1),
    f32x4.sub(d2, d1),
    to + 8 * placeStep,
    placeStep,
  );
  if (r3 < r2) return;
  transformLine(
    f32x4.sub(a1, v128.load(r3)),
    f32x4.sub(b1, v128.load(r3, 16)),
    f32x4.sub(c1, v128.load(r3, 8)),
    f32x4.sub(d1, v128.load(r3, 24)),
    to + 12 * placeStep,
    placeStep,
  );
}

/** A line of ten pixels times B; (a, b) are the first eight pixels and (c, d) the last eight. */
function transformLine(a: v128, b: v128, c: v128, d: v128, to: usize, step: usize): void {
  const d0 = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
  const d1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
  const d2 = v128.shuffle<f32>(c, d, 0, 2, 4, 6);
  const d3 = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
  v128.store(to, f32x4.sub(d0, d2));
  v128.store(to + step, f32x4.add(d1, d2));
  v128.store(to + 2 * step, f32x4.sub(d2, d1));
  v128.store(to + 3 * step, f32x4.sub(d1, d3));
}
