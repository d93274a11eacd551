// Packing: copies operands into the order in which tile.ts reads them, four lanes at a time.
//
//   to[p · toStep + 4 l] = step p of lane l,   l < 4, p < depth
//
// Lanes are rows of a or columns of b. If fewer than four are left, callers pass one of them twice: the values of a
// lane past the edge enter only sums that are not stored.

/** Transposes four steps of four lanes. */
@inline
export function transpose(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, toStep: usize): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + toStep, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * toStep, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * toStep, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** Every other number of the eight at an address. */
@inline
function evens(at: usize): v128 {
  return v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
}

/** Packs lanes that begin at s0 … s3; one step is `step` bytes. */
export function packLanes(
  s0: usize,
  s1: usize,
  s2: usize,
  s3: usize,
  step: usize,
  depth: i32,
  to: usize,
  toStep: usize,
): void {
  let p = 0;
  if (step == 4) {
    // Four steps of four lanes, transposed in registers.
    for (; p + 4 <= depth; p += 4) {
      transpose(v128.load(s0), v128.load(s1), v128.load(s2), v128.load(s3), to, toStep);
      to += 4 * toStep;
      s0 += 16;
      s1 += 16;
      s2 += 16;
      s3 += 16;
    }
  } else if (step == 8) {
    for (; p + 4 <= depth; p += 4) {
      transpose(evens(s0), evens(s1), evens(s2), evens(s3), to, toStep);
      to += 4 * toStep;
      s0 += 32;
      s1 += 32;
      s2 += 32;
      s3 += 32;
    }
  } else if (s1 - s0 == 4 && s2 - s1 == 4 && s3 - s2 == 4) {
    for (; p < depth; p++) {
      v128.store(to, v128.load(s0));
      to += toStep;
      s0 += step;
    }
  }
  for (; p < depth; p++) {
    store<f32>(to, load<f32>(s0));
    store<f32>(to, load<f32>(s1), 4);
    store<f32>(to, load<f32>(s2), 8);
    store<f32>(to, load<f32>(s3), 12);
    to += toStep;
    s0 += step;
    s1 += step;
    s2 += step;
    s3 += step;
  }
}

/** Packs lanes that are `laneStride` bytes apart; `lanes` of them exist (one or more). */
export function packStrided(
  from: usize,
  laneStride: usize,
  lanes: i32,
  step: usize,
  depth: i32,
  to: usize,
  toStep: usize,
): void {
  const s1 = lanes > 1 ? from + laneStride : from;
  const s2 = lanes > 2 ? from + 2 * laneStride : from;
  const s3 = lanes > 3 ? from + 3 * laneStride : from;
  packLanes(from, s1, s2, s3, step, depth, to, toStep);
}

/**
 * Packs four columns of an unfolded image: pixels that are `step` bytes apart, shifted by a table of byte offsets.
 *
 * @param count how many of them exist; the others enter only sums that are not stored
 */
export function packWindows(from: usize, step: usize, count: i32, table: usize, depth: i32, to: usize): void {
  const end = table + ((<usize>depth) << 2);
  if (step == 4) {
    for (; table < end; table += 4, to += 32) v128.store(to, v128.load(from + <usize>load<u32>(table)));
  } else if (step == 8) {
    for (; table < end; table += 4, to += 32) v128.store(to, evens(from + <usize>load<u32>(table)));
  } else {
    const s1 = from + (count > 1 ? step : 0);
    const s2 = from + (count > 2 ? 2 * step : 0);
    const s3 = from + (count > 3 ? 3 * step : 0);
    for (; table < end; table += 4, to += 32) {
      const at = <usize>load<u32>(table);
      store<f32>(to, load<f32>(from + at));
      store<f32>(to, load<f32>(s1 + at), 4);
      store<f32>(to, load<f32>(s2 + at), 8);
      store<f32>(to, load<f32>(s3 + at), 12);
    }
  }
}
