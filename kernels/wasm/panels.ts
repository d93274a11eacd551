// The tile of this build, for products of packed rows and columns: panels of rows hold 6 rows where the engine has relaxed
// SIMD, and 4 elsewhere. Panels of columns always hold 8.

import { packStrided } from './pack';
import { TALL_ROWS, TALL_STEP, tallTile } from './tallTile';
import { A_STEP, ROWS as LOW_ROWS, tile } from './tile';

/** Rows of a panel. */
export const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? TALL_ROWS : LOW_ROWS;
/** Bytes of one step of a panel of rows. */
export const ROWS_STEP: usize = ASC_FEATURE_RELAXED_SIMD ? TALL_STEP : A_STEP;
/** Bytes of a tile of sums, whose rows are adjacent. */
export const TILE: i32 = 32 * ROWS;

/** Rows of a panel, for the host. */
export function panelRows(): i32 {
  return ROWS;
}

/** As `tile` in tile.ts. */
@inline
export function multiplyTile(a: usize, b: usize, k: i32, c: usize, stride: usize, start: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) tallTile(a, b, k, c, stride, start);
  else tile(a, b, k, c, stride, start);
}

/** Panels of rows that are `row` bytes apart. May write 8 bytes past the last panel. */
export function packRows(from: usize, row: usize, step: usize, rows: i32, depth: i32, to: usize): void {
  for (let i = 0; i < rows; i += ROWS) {
    const first = from + <usize>i * row;
    if (ASC_FEATURE_RELAXED_SIMD) {
      // The last two are packed as four, before the first four replace what is too much.
      const fifth = rows - i > 4 ? first + 4 * row : first;
      packStrided(fifth, row, rows - i - 4, step, depth, to + 16, ROWS_STEP);
    }
    packStrided(first, row, rows - i, step, depth, to, ROWS_STEP);
    to += <usize>depth * ROWS_STEP;
  }
}
