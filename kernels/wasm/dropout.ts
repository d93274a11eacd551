// Dropout: out[i] = x[i] · (word(i) >> 8 < threshold ? 0 : scale), word(i) from Philox 4x32-10 as in
// kernels/dropout.wgsl. Four Philox blocks at a time give 16 elements.
//
// Numerics   words are integers, so the same elements are dropped as on every backend. The product is rounded once.

@unmanaged
export class DropoutJob {
  x: usize;
  out: usize;
  size: i32;
  /** Elements of a task, a multiple of 16. */
  taskSize: i32;
  seedLow: u32;
  seedHigh: u32;
  streamLow: u32;
  streamHigh: u32;
  threshold: u32;
  scale: f32;
}

/** @param scratch 64 bytes, for the last 16 elements */
export function dropoutTask(job: DropoutJob, task: i32, scratch: usize): void {
  const last = min((task + 1) * job.taskSize, job.size);
  for (let first = task * job.taskSize; first < last; first += 16) {
    const at = (<usize>first) << 2;
    if (first + 16 <= last) {
      dropSixteen(job, first >> 2, job.x + at, job.out + at);
    } else {
      dropSixteen(job, first >> 2, job.x + at, scratch);
      memory.copy(job.out + at, scratch, (<usize>(last - first)) << 2);
    }
  }
}

/** The elements of blocks `block` to `block` + 3. */
function dropSixteen(job: DropoutJob, block: i32, x: usize, out: usize): void {
  let c0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(0);
  let c2 = i32x4.splat(job.streamLow);
  let c3 = i32x4.splat(job.streamHigh);
  let k0 = job.seedLow;
  let k1 = job.seedHigh;
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  for (let round = 0; round < 10; round++) {
    const low0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const high0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const low1 = i64x2.extmul_low_i32x4_u(c2, m1);
    const high1 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(low1, high1, 1, 3, 5, 7), c1), i32x4.splat(k0));
    c1 = v128.shuffle<i32>(low1, high1, 0, 2, 4, 6);
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(k1));
    c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6);
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  // The words of a block are consecutive elements: transposes four blocks.
  const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  const threshold = i32x4.splat(job.threshold);
  const scale = f32x4.splat(job.scale);
  drop(v128.shuffle<i32>(low01, low23, 0, 1, 4, 5), threshold, scale, x, out);
  drop(v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), threshold, scale, x + 16, out + 16);
  drop(v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), threshold, scale, x + 32, out + 32);
  drop(v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), threshold, scale, x + 48, out + 48);
}

function drop(words: v128, threshold: v128, scale: v128, x: usize, out: usize): void {
  const dropped = i32x4.lt_u(i32x4.shr_u(words, 8), threshold);
  v128.store(out, f32x4.mul(v128.load(x), v128.andnot(scale, dropped)));
}
