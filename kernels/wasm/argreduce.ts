// The position of the greatest or least element along an axis: see kernels/argreduce.wgsl.
//
//   out[o, i] = the smallest r for which x[o, r, i] is extreme
//
// Numerics   NaN counts as extreme, and the first NaN wins. Ties go to the first position.

import { loadLanes } from './lanes';

@unmanaged
export class ArgreduceJob {
  x: usize;
  out: usize;
  outputs: i32;
  length: i32;
  inner: i32;
  taskOutputs: i32;
  least: i32;
}

/** Longer rows have enough elements for four lanes of their own. */
const SHORT: i32 = 32;

export function argreduceTask(job: ArgreduceJob, task: i32): void {
  // A minimum is a maximum with all signs changed.
  const signs = i32x4.splat(job.least != 0 ? i32.MIN_VALUE : 0);
  const first = task * job.taskOutputs;
  const last = min(first + job.taskOutputs, job.outputs);
  const inner = job.inner;
  const step = (<usize>inner) << 2;
  const row = (<usize>job.length) << 2;
  let out = job.out + ((<usize>first) << 2);
  if (inner == 1) {
    let x = job.x + <usize>first * row;
    let left = last - first;
    if (job.length <= SHORT) {
      for (; left >= 4; left -= 4, x += 4 * row, out += 16) {
        v128.store(out, four(signs, x, job.length, 4, row));
      }
    }
    for (; left > 0; left--, x += row, out += 4) store<i32>(out, single(signs, x, job.length));
    return;
  }
  let outer = first / inner;
  let within = first % inner;
  for (let output = first; output < last;) {
    const count = min(inner - within, last - output);
    let x = job.x + <usize>outer * row * <usize>inner + ((<usize>within) << 2);
    let left = count;
    for (; left >= 4; left -= 4, x += 16, out += 16) v128.store(out, four(signs, x, job.length, step, 4));
    for (; left > 0; left--, x += 4, out += 4) {
      // Lanes that do not exist repeat the first.
      store<i32>(out, i32x4.extract_lane(four(signs, x, job.length, step, 0), 0));
    }
    output += count;
    within = 0;
    outer++;
  }
}

@inline
function isBetter(candidate: v128, best: v128): v128 {
  const beats = f32x4.gt(candidate, best);
  // NaN, unless the best is one already.
  return v128.or(beats, v128.andnot(f32x4.ne(candidate, candidate), f32x4.ne(best, best)));
}

/** The positions in four rows: of elements `step` bytes apart, in lanes that are `lane` bytes apart. */
function four(signs: v128, x: usize, length: i32, step: usize, lane: usize): v128 {
  let best = v128.xor(loadLanes(x, lane), signs);
  let position = i32x4.splat(0);
  let here = position;
  for (let r = 1; r < length; r++) {
    x += step;
    here = i32x4.add(here, i32x4.splat(1));
    const candidate = v128.xor(loadLanes(x, lane), signs);
    const wins = isBetter(candidate, best);
    best = v128.bitselect(candidate, best, wins);
    position = v128.bitselect(here, position, wins);
  }
  return position;
}

/** The position in a row of adjacent elements: of every eighth element in a lane, then of the lanes. */
function single(signs: v128, x: usize, length: i32): i32 {
  let position = 0;
  const sign = f32x4.extract_lane(v128.xor(f32x4.splat(1), signs), 0);
  let best = sign * load<f32>(x);
  let r = 0;
  if (length >= 8) {
    let best0 = v128.xor(v128.load(x), signs);
    let best1 = v128.xor(v128.load(x, 16), signs);
    let position0 = i32x4(0, 1, 2, 3);
    let position1 = i32x4(4, 5, 6, 7);
    let here = position0;
    for (r = 8; r + 8 <= length; r += 8) {
      here = i32x4.add(here, i32x4.splat(8));
      const at = x + ((<usize>r) << 2);
      const candidate0 = v128.xor(v128.load(at), signs);
      const candidate1 = v128.xor(v128.load(at, 16), signs);
      const wins0 = isBetter(candidate0, best0);
      const wins1 = isBetter(candidate1, best1);
      best0 = v128.bitselect(candidate0, best0, wins0);
      best1 = v128.bitselect(candidate1, best1, wins1);
      position0 = v128.bitselect(here, position0, wins0);
      position1 = v128.bitselect(i32x4.add(here, i32x4.splat(4)), position1, wins1);
    }
    best = f32x4.extract_lane(best0, 0);
    position = i32x4.extract_lane(position0, 0);
    for (let lane = 1; lane < 8; lane++) {
      if (lane == 4) {
        best0 = best1;
        position0 = position1;
      } else {
        best0 = v128.shuffle<f32>(best0, best0, 1, 2, 3, 0);
        position0 = v128.shuffle<i32>(position0, position0, 1, 2, 3, 0);
      }
      const candidate = f32x4.extract_lane(best0, 0);
      const place = i32x4.extract_lane(position0, 0);
      if (beats(candidate, place, best, position)) {
        best = candidate;
        position = place;
      }
    }
  }
  for (; r < length; r++) {
    const candidate = sign * load<f32>(x + ((<usize>r) << 2));
    if (beats(candidate, r, best, position)) {
      best = candidate;
      position = r;
    }
  }
  return position;
}

/** Whether a candidate wins whose place may be before or after that of the best. */
@inline
function beats(candidate: f32, place: i32, best: f32, position: i32): bool {
  if (isNaN(best)) return isNaN(candidate) && place < position;
  if (isNaN(candidate)) return true;
  if (candidate > best) return true;
  return candidate == best && place < position;
}
