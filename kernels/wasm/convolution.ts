// Tasks of a convolution and its gradients. All tasks read images that `padTask` has padded with zeros, so a window is
// a set of addresses: filter element p of a pixel is `offsets[p]` bytes from the start of the pixel's window. No
// unfolded image is stored; packing reads through the table of offsets.

import { copyRows } from './matmul';
import { packLanes, packWindows } from './pack';
import { multiplyTile, packRows, ROWS, ROWS_STEP, TILE } from './panels';
import { B_STEP, COLUMNS, FROM_SUMS, FROM_ZERO } from './tile';

/** Steps of a block. Its panel of 8 columns takes 8 KiB and stays in L1. */
const DEPTH: i32 = 256;

@unmanaged
export class PadJob {
  from: usize;
  to: usize;
  height: i32;
  width: i32;
  /** Lines and columns of zeros before the image. Negative numbers crop it. */
  top: i32;
  left: i32;
  paddedHeight: i32;
  run: i32;
  /** Planes of one task, and of all tasks. */
  taskPlanes: i32;
  planes: i32;
}

export function padTask(job: PadJob, task: i32): void {
  const first = task * job.taskPlanes;
  const last = min(first + job.taskPlanes, job.planes);
  const line = (<usize>job.run) << 2;
  const width = (<usize>job.width) << 2;
  for (let plane = first; plane < last; plane++) {
    const from = job.from + <usize>(plane * job.height) * width;
    let to = job.to + <usize>(plane * job.paddedHeight) * line;
    memory.fill(to, 0, <usize>job.paddedHeight * line);
    for (let y = 0; y < job.paddedHeight; y++, to += line) {
      const row = y - job.top;
      if (row < 0 || row >= job.height) continue;
      const source = from + <usize>row * width;
      const start = max(0, job.left);
      const end = min(job.run, job.left + job.width);
      let at = start;
      let x = source + ((<usize>(start - job.left)) << 2);
      for (; at + 4 <= end; at += 4, x += 16) v128.store(to + ((<usize>at) << 2), v128.load(x));
      for (; at < end; at++, x += 4) store<f32>(to + ((<usize>at) << 2), load<f32>(x));
    }
  }
}

/**
 * out[part, r, y, x] = bias[r] + Σ_p filters[r, p] · image[part, (y, x) + offsets[p]],   part = (image, group)
 *
 * Strides are in bytes. A task computes `taskRuns` runs of four positions of one part.
 */
@unmanaged
export class WindowJob {
  image: usize;
  filters: usize;
  offsets: usize;
  bias: usize;
  out: usize;
  groups: i32;
  rows: i32;
  depth: i32;
  height: i32;
  width: i32;
  imagePart: usize;
  /** Bytes between the windows of two lines, and of two columns. */
  imageLine: usize;
  imageStep: usize;
  outPart: usize;
  outRow: usize;
  outLine: usize;
  outStep: usize;
  taskRuns: i32;
  hasBias: i32;
  relu: i32;
}

function panelsOf(rows: i32): i32 {
  return (rows + ROWS - 1) / ROWS;
}

/** Bytes of scratch memory: the sums of 8 positions, all rows, and a panel. */
export function windowScratch(rows: i32): i32 {
  return panelsOf(rows) * TILE + DEPTH * 32;
}

export function windowTask(job: WindowJob, task: i32, scratch: usize): void {
  const lineRuns = (job.width + 3) / 4;
  const runs = job.height * lineRuns;
  const tasks = (runs + job.taskRuns - 1) / job.taskRuns;
  const part = task / tasks;
  const first = (task % tasks) * job.taskRuns;
  const last = min(first + job.taskRuns, runs);
  const group = part % job.groups;
  const image = job.image + <usize>part * job.imagePart;
  const panels = panelsOf(job.rows);
  const filters = job.filters + <usize>(group * panels * job.depth) * ROWS_STEP;
  const panel = scratch + <usize>(panels * TILE);
  for (let run = first; run < last; run += 2) {
    const second = min(run + 1, last - 1);
    const x0 = (run % lineRuns) * 4;
    const x1 = (second % lineRuns) * 4;
    const from0 = image + <usize>(run / lineRuns) * job.imageLine + <usize>x0 * job.imageStep;
    const from1 = image + <usize>(second / lineRuns) * job.imageLine + <usize>x1 * job.imageStep;
    let p = 0;
    do {
      const depth = min(DEPTH, job.depth - p);
      const offsets = job.offsets + ((<usize>p) << 2);
      packWindows(from0, job.imageStep, job.width - x0, offsets, depth, panel);
      packWindows(from1, job.imageStep, job.width - x1, offsets, depth, panel + 16);
      for (let i = 0; i < panels; i++) {
        const a = filters + <usize>(i * job.depth + p) * ROWS_STEP;
        multiplyTile(a, panel, depth, scratch + <usize>(i * TILE), 32, p > 0 ? FROM_SUMS : FROM_ZERO);
      }
      p += depth;
    } while (p < job.depth);
    storeRun(job, part, group, run, lineRuns, scratch);
    if (run + 1 < last) storeRun(job, part, group, run + 1, lineRuns, scratch + 16);
  }
}

/** Adds the bias to the sums of four positions and stores them. */
function storeRun(job: WindowJob, part: i32, group: i32, run: i32, lineRuns: i32, sums: usize): void {
  const x = (run % lineRuns) * 4;
  const count = min(4, job.width - x);
  const step = job.outStep;
  let to = job.out + <usize>part * job.outPart + <usize>(run / lineRuns) * job.outLine + <usize>x * step;
  let bias = job.bias + ((<usize>(group * job.rows)) << 2);
  for (let row = 0; row < job.rows; row++) {
    let value = v128.load(sums);
    if (job.hasBias) value = f32x4.add(value, v128.load_splat<f32>(bias));
    if (job.relu) value = f32x4.max(value, f32x4.splat(0));
    if (count == 4 && step == 4) {
      v128.store(to, value);
    } else {
      store<f32>(to, f32x4.extract_lane(value, 0));
      if (count > 1) store<f32>(to + step, f32x4.extract_lane(value, 1));
      if (count > 2) store<f32>(to + 2 * step, f32x4.extract_lane(value, 2));
      if (count > 3) store<f32>(to + 3 * step, f32x4.extract_lane(value, 3));
    }
    sums += 32;
    bias += 4;
    to += job.outRow;
  }
}

/**
 * Packs the filters [rows, depth] of every group as panels, read through a table of byte offsets.
 *
 * @param panel the rows of a panel
 */
export function packFilters(
  from: usize,
  to: usize,
  table: usize,
  groups: i32,
  groupStride: usize,
  rows: i32,
  rowStride: usize,
  depth: i32,
  panel: i32,
): void {
  for (let group = 0; group < groups; group++, from += groupStride) {
    for (let first = 0; first < rows; first += panel) {
      for (let p = 0; p < depth; p++) {
        const at = from + <usize>load<u32>(table + ((<usize>p) << 2));
        for (let row = first; row < first + panel; row++, to += 4) {
          // Rows past the end give sums that are not stored.
          store<f32>(to, load<f32>(at + <usize>min(row, rows - 1) * rowStride));
        }
      }
    }
  }
}

/**
 * out[s, group, r, p] = Σ_(image, y, x) gradient[image, group, r, y, x] · image[image, group, (y, x) + offsets[p]]
 *
 * over lines (image, y) of chunk s. A task computes `taskColumns` of the columns p for one chunk and group.
 */
@unmanaged
export class WeightJob {
  gradient: usize;
  image: usize;
  offsets: usize;
  out: usize;
  lines: i32;
  chunk: i32;
  groups: i32;
  rows: i32;
  columns: i32;
  height: i32;
  width: i32;
  imagePart: usize;
  /** Bytes between the windows of two lines, and of two columns. */
  imageLine: usize;
  imageStep: usize;
  blockLines: i32;
  taskColumns: i32;
}

/** Bytes of scratch memory: the task's sums, a block of gradients and a panel of pixels. */
export function weightScratch(rows: i32, taskColumns: i32, steps: i32): i32 {
  const panels = panelsOf(rows);
  return panels * (((taskColumns + 7) / 8) * TILE + steps * <i32>ROWS_STEP) + steps * 32 + 16;
}

export function weightTask(job: WeightJob, task: i32, scratch: usize): void {
  const tasks = (job.columns + job.taskColumns - 1) / job.taskColumns;
  const part = task / tasks;
  const left = (task % tasks) * job.taskColumns;
  const columns = min(job.taskColumns, job.columns - left);
  const group = part % job.groups;
  const first = (part / job.groups) * job.chunk;
  const last = min(first + job.chunk, job.lines);
  const positions = (<usize>(job.height * job.width)) << 2;
  const panels = panelsOf(job.rows);
  const packed = scratch + <usize>(panels * ((columns + 7) / 8) * TILE);
  const panel = packed + <usize>(panels * job.blockLines * job.width) * ROWS_STEP;
  for (let line = first; line < last;) {
    const image = line / job.height;
    const y = line % job.height;
    const count = min(job.blockLines, min(job.height - y, last - line));
    const depth = count * job.width;
    const plane = image * job.groups + group;
    const gradient = job.gradient + <usize>(plane * job.rows) * positions + ((<usize>(y * job.width)) << 2);
    packRows(gradient, positions, 4, job.rows, depth, packed);
    const window = job.image + <usize>plane * job.imagePart + <usize>y * job.imageLine;
    let sums = scratch;
    for (let j = 0; j < columns; j += COLUMNS) {
      packPixels(job, window, left + j, count, panel);
      for (let i = 0; i < panels; i++, sums += TILE) {
        multiplyTile(
          packed + <usize>(i * depth) * ROWS_STEP,
          panel,
          depth,
          sums,
          32,
          line > first ? FROM_SUMS : FROM_ZERO,
        );
      }
    }
    line += count;
  }
  let sums = scratch;
  const row = (<usize>job.columns) << 2;
  const out = job.out + <usize>(part * job.rows) * row + ((<usize>left) << 2);
  for (let j = 0; j < columns; j += COLUMNS) {
    const bytes = <usize>min(COLUMNS, columns - j) * 4;
    for (let i = 0; i < job.rows; i += ROWS, sums += TILE) {
      copyRows(sums, 32, out + <usize>i * row + <usize>j * 4, row, min(ROWS, job.rows - i), bytes);
    }
  }
}

/** Packs the pixels of eight filter elements, for all positions of `lines` lines. */
function packPixels(job: WeightJob, window: usize, column: i32, lines: i32, to: usize): void {
  for (let half = 0; half < 2; half++, column += 4, to += 16) {
    const s0 = window + offset(job, column);
    const s1 = window + offset(job, column + 1);
    const s2 = window + offset(job, column + 2);
    const s3 = window + offset(job, column + 3);
    let at: usize = 0;
    let target = to;
    for (let line = 0; line < lines; line++) {
      packLanes(s0 + at, s1 + at, s2 + at, s3 + at, job.imageStep, job.width, target, B_STEP);
      at += job.imageLine;
      target += <usize>job.width * B_STEP;
    }
  }
}

function offset(job: WeightJob, column: i32): usize {
  return <usize>load<u32>(job.offsets + ((<usize>min(column, job.columns - 1)) << 2));
}
