// Walks over operands with any strides, of up to four axes.

import { loadLanes } from './lanes';

/** A position on four axes, and the sizes of the last three. Strides and offsets are in elements. */
@unmanaged
export class Operand {
  start: usize;
  stride0: i32;
  stride1: i32;
  stride2: i32;
  stride3: i32;
}

/** Elements `first` to `first` + `count` of an operand, in order of the walk, one after the other. */
export function inOrder(
  from: Operand,
  n1: i32,
  n2: i32,
  n3: i32,
  first: i32,
  count: i32,
  to: usize,
): void {
  let row = first / n3;
  let i3 = first - row * n3;
  let matrix = row / n2;
  let i2 = row - matrix * n2;
  let i0 = matrix / n1;
  let i1 = matrix - i0 * n1;
  const step = from.stride3 << 2;
  while (count > 0) {
    const start =
      from.start +
      ((i0 * from.stride0 + i1 * from.stride1 + i2 * from.stride2 + i3 * from.stride3) << 2);
    const length = min(n3 - i3, count);
    copyRun(start, step, length, to);
    to += (<usize>length) << 2;
    count -= length;
    i3 = 0;
    if (++i2 == n2) {
      i2 = 0;
      if (++i1 == n1) {
        i1 = 0;
        i0++;
      }
    }
  }
}

/** `count` elements `step` bytes apart, one after the other. */
@inline
export function copyRun(from: usize, step: i32, count: i32, to: usize): void {
  const whole = to + ((<usize>(count & ~3)) << 2);
  const end = to + ((<usize>count) << 2);
  if (step == 4) {
    for (; to < whole; to += 16, from += 16) v128.store(to, v128.load(from));
  } else if (step == 0) {
    const value = v128.load32_splat(from);
    for (; to < whole; to += 16) v128.store(to, value);
  } else if (step == 8) {
    for (; to < whole; to += 16, from += 32) {
      v128.store(to, v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
    }
  } else {
    for (; to < whole; to += 16, from += 4 * step) v128.store(to, loadLanes(from, step));
  }
  for (; to < end; to += 4, from += step) store<u32>(to, load<u32>(from));
}
