/** Invocations of a workgroup. WebGPU guarantees 256. */
export const WORKGROUP = 256;

/** Invocations that share a row of `length`: one for short rows, a whole workgroup for long ones. */
export function lanesFor(length: number): number {
  if (length <= 32) return 1;
  return Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(length / 8)));
}

/** The same for kernels in which each lane adds the values of all lanes of its row, so there should be few. */
export function fewLanesFor(length: number): number {
  if (length <= 32) return 1;
  return Math.max(4, Math.min(64, 2 ** Math.ceil(Math.log2(length / 64))));
}

/** Rows per workgroup, with `lanes` invocations each. */
export function rowsFor(lanes: number): number {
  return Math.max(1, Math.min(64, WORKGROUP / lanes));
}

/** Rounds in which one workgroup handles all of `rows` rows of `length`. */
export function roundsFor(rows: number, length: number): number {
  return Math.ceil(rows / rowsFor(fewLanesFor(length)));
}

/** The most rounds of a workgroup, and the elements per invocation then. */
export const MOST_ROUNDS = 4;
const MOST_ELEMENTS = 64;

/**
 * Whether one workgroup should handle all of `rows` rows of `length`. This saves the launch that sums the results of
 * several. With 128 rows of 32 it was faster on lavapipe and SwiftShader, with 256 rows not on SwiftShader. Rows with
 * several lanes take one round only, because barriers in a loop are slow.
 */
export function fitOneWorkgroup(rows: number, length: number): boolean {
  const rounds = roundsFor(rows, length);
  if (rounds === 1) return true;
  return fewLanesFor(length) === 1 && rounds <= MOST_ROUNDS && rounds * length <= MOST_ELEMENTS;
}

/** Columns per workgroup, and invocations that share the rows of each column: one where barriers are slow. */
export function columnLanes(software: boolean): { COLUMNS: number; LANES: number } {
  return software ? { COLUMNS: 64, LANES: 1 } : { COLUMNS: 16, LANES: 16 };
}

/** The most columns of queries, keys and values that the kernels of attention take: more would not fit into registers. */
export const WIDEST_HEAD = 128;

/** Rows of a workgroup in the kernels of attention, and invocations that share one. */
export const HEAD_LANES = { LANES: 4, ROWS: 16 } as const;
