// Random words of Philox 4x32-10, as in kernels/random.wgsl: numbers, integers and dropout. Four blocks at a time give 16 words.
//
//   uniform   out[i] = ((word(i) >> 8) - center) · scale
//   integers  out[i] = low + ⌊word(i) · range / 2³²⌋
//   dropout   out[i] = x[i] · (word(i) >> 8 < threshold ? 0 : scale)
//
// Numerics   words are integers, and products are rounded once, so every backend gives the same bits.

@unmanaged
export class RandomJob {
  x: usize;
  out: usize;
  size: i32;
  /** Elements of a task, a multiple of 16. */
  taskSize: i32;
  seedLow: u32;
  seedHigh: u32;
  streamLow: u32;
  streamHigh: u32;
  /** DROPOUT: the threshold; UNIFORM: the center; INTEGERS: the least. */
  first: u32;
  /** Of INTEGERS. */
  range: u32;
  scale: f32;
  form: i32;
}

// The values of FORM in kernels/random.wgsl, and dropout.
const UNIFORM: i32 = 0;
const INTEGERS: i32 = 1;

/** @param scratch 64 bytes for words, and 64 for the last 16 elements */
export function randomTask(job: RandomJob, task: i32, scratch: usize): void {
  const last = min((task + 1) * job.taskSize, job.size);
  for (let first = task * job.taskSize; first < last; first += 16) {
    const at = (<usize>first) << 2;
    const isWhole = first + 16 <= last;
    const out = isWhole ? job.out + at : scratch + 64;
    sixteenWords(job, first >> 2, scratch);
    for (let lane: usize = 0; lane < 64; lane += 16) {
      v128.store(out + lane, drawn(job, v128.load(scratch + lane), job.x + at + lane));
    }
    if (!isWhole) memory.copy(job.out + at, out, (<usize>(last - first)) << 2);
  }
}

@inline
function drawn(job: RandomJob, words: v128, x: usize): v128 {
  const first = i32x4.splat(job.first);
  const scale = f32x4.splat(job.scale);
  if (job.form == INTEGERS) {
    const range = i32x4.splat(job.range);
    const low = i64x2.extmul_low_i32x4_u(words, range);
    return i32x4.add(first, v128.shuffle<i32>(low, i64x2.extmul_high_i32x4_u(words, range), 1, 3, 5, 7));
  }
  const short = i32x4.shr_u(words, 8);
  if (job.form == UNIFORM) return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(short, first)), scale);
  return f32x4.mul(v128.load(x), v128.andnot(scale, i32x4.lt_u(short, first)));
}

/** The words of blocks `block` to `block` + 3. */
function sixteenWords(job: RandomJob, block: i32, to: usize): void {
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
  v128.store(to, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), 16);
  v128.store(to, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), 48);
}
