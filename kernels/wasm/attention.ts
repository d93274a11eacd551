// Attention and its gradients: see kernels/attention.wgsl and kernels/attentionGradient.wgsl.
//
// A task of `attention` computes `taskRows` queries of a batch, one of `attentionGradient` a batch, of which it holds the scores
// of `taskRows` queries at a time. Scores and sums are products of matrices.
//
// Numerics   a weight of 0 times a value that is not finite is NaN. Causal attention must not read later values, so where
//            a result is not finite, `flag` tells the caller.

import { matmulScratch, multiplyStrip } from './matmul';
import { greatestOf, scaleRow, spread, sumOfExponentials } from './softmax';
import { FROM_SUMS, FROM_ZERO } from './tile';

/** As in the WGSL files. */
const CAUSAL: i32 = 1;
const CHOSEN: i32 = 2;
/** Columns of one product. */
const STRIP: i32 = 256;

/** Addresses are in bytes, strides in elements: of outer, inner, row and column. What is written has columns of stride 1. */
@unmanaged
export class AttentionJob {
  q: usize;
  k: usize;
  v: usize;
  mask: usize;
  out: usize;
  stats: usize;
  gradient: usize;
  dq: usize;
  dk: usize;
  dv: usize;
  qOuter: i32;
  qInner: i32;
  qRow: i32;
  qColumn: i32;
  kOuter: i32;
  kInner: i32;
  kRow: i32;
  kColumn: i32;
  vOuter: i32;
  vInner: i32;
  vRow: i32;
  vColumn: i32;
  maskOuter: i32;
  maskInner: i32;
  maskRow: i32;
  maskColumn: i32;
  outOuter: i32;
  outInner: i32;
  outRow: i32;
  gradientOuter: i32;
  gradientInner: i32;
  gradientRow: i32;
  gradientColumn: i32;
  dqOuter: i32;
  dqInner: i32;
  dqRow: i32;
  dkOuter: i32;
  dkInner: i32;
  dkRow: i32;
  dvOuter: i32;
  dvInner: i32;
  dvRow: i32;
  inner: i32;
  queries: i32;
  keys: i32;
  width: i32;
  valueWidth: i32;
  scale: f32;
  form: i32;
  taskRows: i32;
  flag: usize;
}

/** Bytes of scratch memory: that of a product, and `blocks` blocks of scores. */
export function attentionScratch(taskRows: i32, keys: i32, blocks: i32): i32 {
  return matmulScratch(STRIP) + 4 * taskRows * keys * blocks;
}

export function attentionTask(job: AttentionJob, task: i32, scratch: usize): void {
  const tiles = (job.queries + job.taskRows - 1) / job.taskRows;
  const z = task / tiles;
  const top = (task % tiles) * job.taskRows;
  const rows = min(job.taskRows, job.queries - top);
  const count = job.form == CAUSAL ? min(job.keys, top + rows) : job.keys;
  const scores = scratch + <usize>matmulScratch(STRIP);
  scoresOf(job, z, top, rows, count, scores, scratch);
  let row = scores;
  for (let r = top; r < top + rows; r++) {
    const limit = job.form == CAUSAL ? min(count, r + 1) : count;
    const greatest = greatestOf(row, limit);
    const total = <f32>sumOfExponentials(true, row, limit, f32x4.splat(greatest), row);
    scaleRow(row, limit, 1 / total);
    memory.fill(row + ((<usize>limit) << 2), 0, (<usize>(count - limit)) << 2);
    const stats = job.stats + ((<usize>(z * job.queries + r)) << 3);
    store<f32>(stats, greatest);
    store<f32>(stats, total, 4);
    row += (<usize>count) << 2;
  }
  const step = (<usize>count) << 2;
  const v = place(job.v, z, job.inner, job.vOuter, job.vInner);
  const out = place(job.out, z, job.inner, job.outOuter, job.outInner) + bytes(top * job.outRow);
  const width = job.valueWidth;
  const outRow = bytes(job.outRow);
  product(scores, step, 4, v, bytes(job.vRow), bytes(job.vColumn), rows, width, count, out, outRow, FROM_ZERO, scratch);
  if (job.form == CAUSAL) check(job, out, outRow, rows, width);
}

export function attentionGradientTask(job: AttentionJob, z: i32, scratch: usize): void {
  const keys = job.keys;
  const width = job.width;
  const valueWidth = job.valueWidth;
  const q = place(job.q, z, job.inner, job.qOuter, job.qInner);
  const k = place(job.k, z, job.inner, job.kOuter, job.kInner);
  const v = place(job.v, z, job.inner, job.vOuter, job.vInner);
  const gradient = place(job.gradient, z, job.inner, job.gradientOuter, job.gradientInner);
  const dq = place(job.dq, z, job.inner, job.dqOuter, job.dqInner);
  const dk = place(job.dk, z, job.inner, job.dkOuter, job.dkInner);
  const dv = place(job.dv, z, job.inner, job.dvOuter, job.dvInner);
  const qRow = bytes(job.qRow);
  const qColumn = bytes(job.qColumn);
  const kRow = bytes(job.kRow);
  const kColumn = bytes(job.kColumn);
  const vRow = bytes(job.vRow);
  const vColumn = bytes(job.vColumn);
  const slopeRow = bytes(job.gradientRow);
  const slopeColumn = bytes(job.gradientColumn);
  const dqRow = bytes(job.dqRow);
  const dkRow = bytes(job.dkRow);
  const dvRow = bytes(job.dvRow);
  for (let j = 0; j < keys; j++) {
    memory.fill(dk + <usize>j * dkRow, 0, bytes(width));
    memory.fill(dv + <usize>j * dvRow, 0, bytes(valueWidth));
  }
  const weights = scratch + <usize>matmulScratch(STRIP);
  const slopes = weights + bytes(job.taskRows * keys);
  for (let top = 0; top < job.queries; top += job.taskRows) {
    const rows = min(job.taskRows, job.queries - top);
    const count = job.form == CAUSAL ? min(keys, top + rows) : keys;
    const step = bytes(count);
    const g = gradient + <usize>top * slopeRow;
    scoresOf(job, z, top, rows, count, weights, scratch);
    product(g, slopeRow, slopeColumn, v, vColumn, vRow, rows, count, valueWidth, slopes, step, FROM_ZERO, scratch);
    for (let r = 0; r < rows; r++) {
      slopesOf(job, z, top + r, count, weights + <usize>r * step, slopes + <usize>r * step);
    }
    const to = dq + <usize>top * dqRow;
    const from = q + <usize>top * qRow;
    product(slopes, step, 4, k, kRow, kColumn, rows, width, count, to, dqRow, FROM_ZERO, scratch);
    product(slopes, 4, step, from, qRow, qColumn, count, width, rows, dk, dkRow, FROM_SUMS, scratch);
    product(weights, 4, step, g, slopeRow, slopeColumn, count, valueWidth, rows, dv, dvRow, FROM_SUMS, scratch);
  }
  if (job.form != CAUSAL) return;
  check(job, dq, dqRow, job.queries, width);
  check(job, dk, dkRow, keys, width);
  check(job, dv, dvRow, keys, valueWidth);
}

@inline
function bytes(elements: i32): usize {
  return (<usize>elements) << 2;
}

/** The first element of a batch. */
@inline
function place(base: usize, z: i32, inner: i32, outerStep: i32, innerStep: i32): usize {
  return base + bytes((z / inner) * outerStep + (z % inner) * innerStep);
}

/** The scores of `rows` queries, scaled and masked. */
function scoresOf(
  job: AttentionJob,
  z: i32,
  top: i32,
  rows: i32,
  count: i32,
  scores: usize,
  scratch: usize,
): void {
  const q = place(job.q, z, job.inner, job.qOuter, job.qInner) + bytes(top * job.qRow);
  const k = place(job.k, z, job.inner, job.kOuter, job.kInner);
  const step = bytes(count);
  const row = bytes(job.qRow);
  const column = bytes(job.qColumn);
  const keyRow = bytes(job.kRow);
  const keyColumn = bytes(job.kColumn);
  product(q, row, column, k, keyColumn, keyRow, rows, count, job.width, scores, step, FROM_ZERO, scratch);
  scaleRow(scores, rows * count, job.scale);
  if (job.form < CHOSEN) return;
  const maskColumn = bytes(job.maskColumn);
  for (let r = 0; r < rows; r++) {
    let mask = place(job.mask, z, job.inner, job.maskOuter, job.maskInner) + bytes((top + r) * job.maskRow);
    let at = scores + <usize>r * step;
    const end = at + step;
    const whole: usize = maskColumn == 4 ? at + (step & ~15) : at;
    while (at < whole) {
      v128.store(at, masked(job.form, v128.load(at), v128.load(mask)));
      at += 16;
      mask += 16;
    }
    while (at < end) {
      const found = masked(job.form, v128.load_splat<f32>(at), v128.load_splat<f32>(mask));
      store<f32>(at, f32x4.extract_lane(found, 0));
      at += 4;
      mask += maskColumn;
    }
  }
}

@inline
function masked(form: i32, scores: v128, mask: v128): v128 {
  return form == CHOSEN
    ? v128.bitselect(scores, f32x4.splat(-Infinity), i32x4.ne(mask, i32x4.splat(0)))
    : f32x4.add(scores, mask);
}

/** The weights of a query from its scores, and the slopes of the scores from those of the weights. */
function slopesOf(job: AttentionJob, z: i32, query: i32, count: i32, weights: usize, slopes: usize): void {
  const limit = job.form == CAUSAL ? min(count, query + 1) : count;
  const stats = job.stats + ((<usize>(z * job.queries + query)) << 3);
  spread(false, weights, weights, limit, v128.load_splat<f32>(stats), f32x4.splat(1 / load<f32>(stats, 4)));
  let slope = place(job.gradient, z, job.inner, job.gradientOuter, job.gradientInner) + bytes(query * job.gradientRow);
  let out = place(job.out, z, job.inner, job.outOuter, job.outInner) + bytes(query * job.outRow);
  let mean: f32 = 0;
  for (let c = 0; c < job.valueWidth; c++) {
    mean += load<f32>(slope) * load<f32>(out);
    slope += bytes(job.gradientColumn);
    out += 4;
  }
  const chosen = job.form == CHOSEN;
  let mask = chosen ? place(job.mask, z, job.inner, job.maskOuter, job.maskInner) + bytes(query * job.maskRow) : 0;
  const end = bytes(limit);
  const whole: usize = chosen ? 0 : end & ~15;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const change = f32x4.sub(v128.load(slopes + at), f32x4.splat(mean));
    v128.store(slopes + at, f32x4.mul(f32x4.mul(v128.load(weights + at), f32x4.splat(job.scale)), change));
  }
  for (; at < end; at += 4) {
    const change = load<f32>(weights + at) * job.scale * (load<f32>(slopes + at) - mean);
    store<f32>(slopes + at, chosen && load<u32>(mask) == 0 ? 0 : change);
    mask += bytes(job.maskColumn);
  }
  const rest = bytes(count - limit);
  memory.fill(weights + end, 0, rest);
  memory.fill(slopes + end, 0, rest);
}

/** out = a · b, or added to out, in strips of columns. */
function product(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  bColumn: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  out: usize,
  outRow: usize,
  start: i32,
  scratch: usize,
): void {
  for (let left = 0; left < columns; left += STRIP) {
    const width = min(STRIP, columns - left);
    const from = b + <usize>left * bColumn;
    multiplyStrip(a, aRow, aStep, from, bStep, bColumn, rows, width, depth, out + bytes(left), outRow, start, scratch);
  }
}

/** Raises the flag if an element is not finite: then 0 times it is not 0. */
function check(job: AttentionJob, x: usize, step: usize, rows: i32, columns: i32): void {
  let sum: f32 = 0;
  for (let r = 0; r < rows; r++, x += step) {
    for (let at = x; at < x + bytes(columns); at += 4) sum += 0 * load<f32>(at);
  }
  if (sum != 0) store<i32>(job.flag, 1);
}
