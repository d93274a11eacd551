// Elements by index: see kernels/gather.wgsl, indexOrder.wgsl and scatterAddOrdered.wgsl. Words of any kind are gathered; sums
// are in float64, in the order of the index, and rounded once.

import { select } from './madd';
import { copyRun } from './walk';

/** Strides are in elements. */
@unmanaged
export class GatherJob {
  x: usize;
  indices: usize;
  out: usize;
  length: i32;
  count: i32;
  inner: i32;
  outerStride: i32;
  countStride: i32;
  innerStride: i32;
  rows: i32;
  taskRows: i32;
  /** Where 1 is written if an index is out of range. */
  wrong: usize;
}

/** Bytes of a row for which a call of the engine's copy costs more than a loop. */
const SHORT: usize = 1024;

/** out[o, i, r] = x[o, index[o, i, r], r] */
export function gatherTask(job: GatherJob, task: i32): void {
  const first = task * job.taskRows;
  const last = min(first + job.taskRows, job.rows);
  const inner = job.inner;
  const length = job.length;
  const row = (<usize>inner) << 2;
  const step = job.innerStride << 2;
  let out = job.out + <usize>first * row;
  let o = first / job.count;
  let i = first - o * job.count;
  if (inner == 1 && job.count == 1) {
    // One entry for each row.
    let x = job.x + <usize>(first * length) * row;
    let at = job.indices + ((first * job.outerStride) << 2);
    for (const end = out + ((<usize>(last - first)) << 2); out < end; out += 4) {
      const picked = load<u32>(at);
      if (picked >= <u32>length) store<i32>(job.wrong, 1);
      else store<u32>(out, load<u32>(x + ((<usize>picked) << 2)));
      x += <usize>length << 2;
      at += job.outerStride << 2;
    }
    return;
  }
  for (let each = first; each < last; each++) {
    const x = job.x + <usize>(o * length) * row;
    let at = job.indices + ((o * job.outerStride + i * job.countStride) << 2);
    if (inner == 1) {
      const count = min(job.count - i, last - each);
      pick(x, at, job.countStride << 2, length, out, count, job.wrong);
      out += (<usize>count) << 2;
      i += count - 1;
      each += count - 1;
    } else if (step == 0) {
      const picked = load<u32>(at);
      if (picked >= <u32>length) store<i32>(job.wrong, 1);
      else if (row <= SHORT) copyRun(x + <usize>picked * row, 4, inner, out);
      else memory.copy(out, x + <usize>picked * row, row);
      out += row;
    } else {
      for (const end = out + row; out < end; out += 4, at += step) {
        const picked = load<u32>(at);
        if (picked >= <u32>length) store<i32>(job.wrong, 1);
        else store<u32>(out, load<u32>(x + <usize>picked * row + (row - (end - out))));
      }
    }
    if (++i == job.count) {
      i = 0;
      o++;
    }
  }
}

/** `count` elements by indices that are `step` bytes apart. */
function pick(x: usize, at: usize, step: usize, length: i32, out: usize, count: i32, wrong: usize): void {
  for (const end = out + ((<usize>count) << 2); out < end; out += 4, at += step) {
    const picked = load<u32>(at);
    if (picked >= <u32>length) store<i32>(wrong, 1);
    else store<u32>(out, load<u32>(x + ((<usize>picked) << 2)));
  }
}

@unmanaged
export class OrderJob {
  indices: usize;
  ends: usize;
  order: usize;
  length: i32;
  count: i32;
  inner: i32;
  outerStride: i32;
  countStride: i32;
  innerStride: i32;
  wrong: usize;
}

/** Groups the entries of one column of the index by their places: the end of each group, and the entries in order. */
export function indexOrderTask(job: OrderJob, column: i32): void {
  const o = column / job.inner;
  const start = job.indices + ((o * job.outerStride + (column - o * job.inner) * job.innerStride) << 2);
  const step = job.countStride << 2;
  const length = job.length;
  const ends = job.ends + ((<usize>column * <usize>length) << 2);
  const order = job.order + ((<usize>column * <usize>job.count) << 2);
  memory.fill(ends, 0, (<usize>length) << 2);
  let at = start;
  for (let i = 0; i < job.count; i++, at += step) {
    const j = load<u32>(at);
    if (j >= <u32>length) {
      store<i32>(job.wrong, 1);
      return;
    }
    const to = ends + ((<usize>j) << 2);
    store<i32>(to, load<i32>(to) + 1);
  }
  let before = 0;
  for (let to = ends, end = ends + ((<usize>length) << 2); to < end; to += 4) {
    const entries = load<i32>(to);
    store<i32>(to, before);
    before += entries;
  }
  at = start;
  for (let i = 0; i < job.count; i++, at += step) {
    const to = ends + ((<usize>load<u32>(at)) << 2);
    const place = load<i32>(to);
    store<i32>(order + ((<usize>place) << 2), i);
    store<i32>(to, place + 1);
  }
}

@unmanaged
export class ScatterJob {
  x: usize;
  ends: usize;
  order: usize;
  out: usize;
  length: i32;
  count: i32;
  inner: i32;
  rows: i32;
  taskRows: i32;
  /** Whether all columns have the same order. */
  shared: i32;
}

/** out[o, j, r] = Σ x[o, i, r] over the entries i whose place is j */
export function scatterAddTask(job: ScatterJob, task: i32): void {
  const first = task * job.taskRows;
  const last = min(first + job.taskRows, job.rows);
  const inner = job.inner;
  const row = (<usize>inner) << 2;
  let out = job.out + <usize>first * row;
  let o = first / job.length;
  let j = first - o * job.length;
  for (let each = first; each < last; each++) {
    const x = job.x + <usize>(o * job.count) * row;
    const shared = job.ends + ((<usize>j) << 2);
    if (job.shared != 0 && load<i32>(shared) == (j == 0 ? 0 : load<i32>(shared - 4))) {
      for (const end = out + row; out < end; out += 4) store<i32>(out, 0);
    } else
      for (let r = 0; r < inner; r++, out += 4) {
        const column = job.shared != 0 ? 0 : o * inner + r;
        const ends = job.ends + ((<usize>column * <usize>job.length + <usize>j) << 2);
        const order = job.order + ((<usize>column * <usize>job.count) << 2);
        const from = x + ((<usize>r) << 2);
        let total: f64 = 0;
        for (let at = j == 0 ? 0 : load<i32>(ends - 4), end = load<i32>(ends); at < end; at++) {
          total += <f64>load<f32>(from + <usize>load<u32>(order + ((<usize>at) << 2)) * row);
        }
        store<f32>(out, <f32>total);
      }
    if (++j == job.length) {
      j = 0;
      o++;
    }
  }
}

@unmanaged
export class FoldJob {
  operation: i32;
  /** Whether base counts where entries are. */
  included: i32;
  base: usize;
  x: usize;
  indices: usize;
  out: usize;
  length: i32;
  count: i32;
  inner: i32;
  outerStride: i32;
  countStride: i32;
  innerStride: i32;
  outer: i32;
  taskOuter: i32;
  wrong: usize;
}

// The values of OPERATION in kernels/scatterFold.wgsl, and what follows for whole numbers. FIRST stores the number that
// changes no fold.
const LAST: i32 = 0;
const PROD: i32 = 1;
const MAX: i32 = 2;
const MIN: i32 = 3;
const WHOLE_MAX: i32 = 6;
const WHOLE_MIN: i32 = 7;
const FIRST: i32 = 8;

/**
 * out = base, then each entry is folded into its place: kernels/scatterFold.wgsl with BY_PLACE. Products are in float64, and
 * rounded once.
 *
 * @param scratch for PROD length · inner float64
 */
export function scatterFoldTask(job: FoldJob, task: i32, scratch: usize): void {
  const last = min((task + 1) * job.taskOuter, job.outer);
  for (let o = task * job.taskOuter; o < last; o++) {
    if (job.operation == LAST) foldAll(LAST, job, o, scratch);
    else if (job.operation == PROD) foldAll(PROD, job, o, scratch);
    else if (job.operation == MAX) foldAll(MAX, job, o, scratch);
    else if (job.operation == MIN) foldAll(MIN, job, o, scratch);
    else if (job.operation == WHOLE_MAX) foldAll(WHOLE_MAX, job, o, scratch);
    else if (job.operation == WHOLE_MIN) foldAll(WHOLE_MIN, job, o, scratch);
    else unreachable();
  }
}

@inline
function foldAll(operation: i32, job: FoldJob, o: i32, scratch: usize): void {
  const places = <usize>job.length * <usize>job.inner;
  const out = job.out + ((<usize>o * places) << 2);
  const base = job.base + ((<usize>o * places) << 2);
  if (operation == PROD) {
    for (let at: usize = 0; at < places; at++) store<f64>(scratch + (at << 3), load<f32>(base + (at << 2)));
  } else memory.copy(out, base, places << 2);
  if (operation != LAST && !job.included) foldEach(FIRST, operation, job, o, operation == PROD ? scratch : out);
  foldEach(operation, operation, job, o, operation == PROD ? scratch : out);
  if (operation == PROD) {
    for (let at: usize = 0; at < places; at++) store<f32>(out + (at << 2), <f32>load<f64>(scratch + (at << 3)));
  }
}

@inline
function foldEach(step: i32, operation: i32, job: FoldJob, o: i32, out: usize): void {
  const inner = job.inner;
  const length = <u32>job.length;
  const word = operation == PROD ? 3 : 2;
  let x = job.x + ((<usize>o * <usize>job.count * <usize>inner) << 2);
  for (let i = 0; i < job.count; i++) {
    let at = job.indices + ((o * job.outerStride + i * job.countStride) << 2);
    for (let r = 0; r < inner; r++, at += job.innerStride << 2, x += 4) {
      const picked = load<u32>(at);
      if (picked >= length) {
        store<i32>(job.wrong, 1);
        return;
      }
      const to = out + ((<usize>picked * <usize>inner + <usize>r) << word);
      if (step == FIRST) {
        if (operation == PROD) store<f64>(to, 1);
        else if (operation == MAX) store<f32>(to, -Infinity);
        else if (operation == MIN) store<f32>(to, Infinity);
        else store<i32>(to, operation == WHOLE_MAX ? i32.MIN_VALUE : i32.MAX_VALUE);
      } else if (step == LAST) store<u32>(to, load<u32>(x));
      else if (step == PROD) store<f64>(to, load<f64>(to) * <f64>load<f32>(x));
      else if (step == WHOLE_MAX) store<i32>(to, max(load<i32>(to), load<i32>(x)));
      else if (step == WHOLE_MIN) store<i32>(to, min(load<i32>(to), load<i32>(x)));
      else {
        // Engines branch for a scalar choice, which cannot be predicted. NaN stays.
        const total = v128.load32_zero(to);
        const value = v128.load32_zero(x);
        const stays = step == MAX ? f32x4.gt(total, value) : f32x4.lt(total, value);
        v128.store32_lane(to, select(total, value, v128.or(stays, f32x4.ne(total, total))), 0);
      }
    }
  }
}

@unmanaged
export class PlacesJob {
  x: usize;
  indices: usize;
  out: usize;
  length: i32;
  count: i32;
  inner: i32;
  outerStride: i32;
  countStride: i32;
  innerStride: i32;
  outer: i32;
  taskOuter: i32;
  wrong: usize;
}

/** The same sums in one pass over the entries, each added where it belongs. @param scratch length · inner float64 */
export function placesTask(job: PlacesJob, task: i32, scratch: usize): void {
  const inner = job.inner;
  const length = <u32>job.length;
  const row = (<usize>inner) << 2;
  const places = <usize>length * <usize>inner;
  const last = min((task + 1) * job.taskOuter, job.outer);
  memory.fill(scratch, 0, places << 3);
  for (let o = task * job.taskOuter; o < last; o++) {
    let x = job.x + <usize>o * <usize>job.count * row;
    for (let i = 0; i < job.count; i++) {
      let at = job.indices + ((o * job.outerStride + i * job.countStride) << 2);
      for (let r = 0; r < inner; r++, at += job.innerStride << 2, x += 4) {
        const picked = load<u32>(at);
        if (picked >= length) {
          store<i32>(job.wrong, 1);
          return;
        }
        const sum = scratch + ((<usize>picked * <usize>inner + <usize>r) << 3);
        store<f64>(sum, load<f64>(sum) + <f64>load<f32>(x));
      }
    }
    // Stores the sums, and leaves zeros.
    let out = job.out + ((<usize>o * places) << 2);
    let total = scratch;
    for (const end = scratch + ((places & ~1) << 3); total < end; total += 16, out += 8) {
      v128.store64_lane(out, f32x4.demote_f64x2_zero(v128.load(total)), 0);
      v128.store(total, i64x2.splat(0));
    }
    if (places & 1) {
      store<f32>(out, <f32>load<f64>(total));
      store<f64>(total, 0);
    }
  }
}
