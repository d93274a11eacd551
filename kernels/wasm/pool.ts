// Max pooling of planes with windows of 2 × 2 that do not overlap, and the gradient of any max pooling. Two tasks never
// share a plane.

@unmanaged
export class PoolJob {
  x: usize;
  out: usize;
  positions: usize;
  height: i32;
  width: i32;
  outHeight: i32;
  outWidth: i32;
  planes: i32;
  taskPlanes: i32;
}

/** Visits windows row by row. The first of equal elements wins, and NaN stays. Requires outWidth ≥ 4. */
export function poolTask(job: PoolJob, task: i32): void {
  const last = min((task + 1) * job.taskPlanes, job.planes);
  const line = (<usize>job.width) << 2;
  for (let plane = task * job.taskPlanes; plane < last; plane++) {
    const from = job.x + <usize>(plane * job.height) * line;
    const first = (<usize>(plane * job.outHeight * job.outWidth)) << 2;
    for (let y = 0; y < job.outHeight; y++) {
      const top = from + <usize>(2 * y) * line;
      const to = first + ((<usize>(y * job.outWidth)) << 2);
      for (let x = 0; x < job.outWidth; x += 4) {
        // The last four may overlap the previous four and are then computed twice.
        const column = min(x, job.outWidth - 4);
        const at = top + ((<usize>column) << 3);
        const place = 2 * y * job.width + 2 * column;
        poolFour(at, at + line, i32x4.splat(place), job.width, job, to + ((<usize>column) << 2));
      }
    }
  }
}

function poolFour(above: usize, below: usize, place: v128, width: i32, job: PoolJob, to: usize): void {
  const a0 = v128.load(above);
  const a1 = v128.load(above, 16);
  const b0 = v128.load(below);
  const b1 = v128.load(below, 16);
  let greatest = v128.shuffle<f32>(a0, a1, 0, 2, 4, 6);
  let position = i32x4.add(place, i32x4(0, 2, 4, 6));
  let here = position;
  const right = v128.shuffle<f32>(a0, a1, 1, 3, 5, 7);
  let wins = v128.or(f32x4.gt(right, greatest), f32x4.ne(right, right));
  greatest = v128.bitselect(right, greatest, wins);
  position = v128.bitselect(i32x4.add(here, i32x4.splat(1)), position, wins);
  here = i32x4.add(here, i32x4.splat(width));
  const under = v128.shuffle<f32>(b0, b1, 0, 2, 4, 6);
  wins = v128.or(f32x4.gt(under, greatest), f32x4.ne(under, under));
  greatest = v128.bitselect(under, greatest, wins);
  position = v128.bitselect(here, position, wins);
  const last = v128.shuffle<f32>(b0, b1, 1, 3, 5, 7);
  wins = v128.or(f32x4.gt(last, greatest), f32x4.ne(last, last));
  greatest = v128.bitselect(last, greatest, wins);
  position = v128.bitselect(i32x4.add(here, i32x4.splat(1)), position, wins);
  v128.store(job.out + to, greatest);
  v128.store(job.positions + to, position);
}

/**
 * The gradient of pooling whose windows lie in separate blocks of 2 × 2 places that cover the plane. Requires outWidth
 * ≥ 4.
 */
export function poolHalvesGradientTask(job: PoolJob, task: i32): void {
  const last = min((task + 1) * job.taskPlanes, job.planes);
  const line = (<usize>job.width) << 2;
  for (let plane = task * job.taskPlanes; plane < last; plane++) {
    const to = job.out + <usize>(plane * job.height) * line;
    const first = (<usize>(plane * job.outHeight * job.outWidth)) << 2;
    for (let y = 0; y < job.outHeight; y++) {
      const top = to + <usize>(2 * y) * line;
      const from = first + ((<usize>(y * job.outWidth)) << 2);
      for (let x = 0; x < job.outWidth; x += 4) {
        const column = min(x, job.outWidth - 4);
        const at = from + ((<usize>column) << 2);
        const gradient = v128.load(job.x + at);
        const place = i32x4.add(i32x4.splat(2 * y * job.width + 2 * column), i32x4(0, 2, 4, 6));
        const position = i32x4.sub(v128.load(job.positions + at), place);
        const above = top + ((<usize>column) << 3);
        storeHalves(gradient, position, 0, above);
        storeHalves(gradient, position, job.width, above + line);
      }
    }
  }
}

/** The gradients of a line, for windows whose greatest element is `left` or `left` + 1 places after their first. */
@inline
function storeHalves(gradient: v128, position: v128, left: i32, to: usize): void {
  // Adds to 0, as the other implementations do, so that no -0 remains.
  const zero = f32x4.splat(0);
  const even = f32x4.add(zero, v128.and(gradient, i32x4.eq(position, i32x4.splat(left))));
  const odd = f32x4.add(zero, v128.and(gradient, i32x4.eq(position, i32x4.splat(left + 1))));
  v128.store(to, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
  v128.store(to, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), 16);
}

/** Each output (x) adds its gradient to the place of its maximum, in order. */
export function poolGradientTask(job: PoolJob, task: i32): void {
  const first = task * job.taskPlanes;
  const planes = min(first + job.taskPlanes, job.planes) - first;
  const size = (<usize>(job.height * job.width)) << 2;
  const windows = (<usize>(job.outHeight * job.outWidth)) << 2;
  let out = job.out + <usize>first * size;
  let at = <usize>first * windows;
  memory.fill(out, 0, <usize>planes * size);
  for (let plane = 0; plane < planes; plane++, out += size) {
    for (const end = at + windows; at < end; at += 4) {
      const to = out + ((<usize>load<u32>(job.positions + at)) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(job.x + at));
    }
  }
}
