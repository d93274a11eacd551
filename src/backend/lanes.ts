/** Invocations of a workgroup; WebGPU promises 256. */
export const WORKGROUP = 256;

/** Invocations that share a row of `length`: one for short rows, a whole workgroup for long ones. */
export function lanesFor(length: number): number {
  if (length <= 32) return 1;
  return Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(length / 8)));
}

/** The same where each lane adds up all of its row's, so that there should not be many. */
export function fewLanesFor(length: number): number {
  if (length <= 32) return 1;
  return Math.max(4, Math.min(64, 2 ** Math.ceil(Math.log2(length / 64))));
}

/** Rows that a workgroup of `lanes` invocations each holds. */
export function rowsFor(lanes: number): number {
  return Math.max(1, Math.min(64, WORKGROUP / lanes));
}

/** Rounds in which one workgroup takes all of `rows` rows of `length`. */
export function roundsFor(rows: number, length: number): number {
  return Math.ceil(rows / rowsFor(fewLanesFor(length)));
}

/** Rounds that a workgroup takes at most, and elements of rows that fall to each of its invocations then. */
export const MOST_ROUNDS = 4;
const MOST_ELEMENTS = 64;

/**
 * Whether one workgroup should take all of `rows` rows of `length`, which saves the launch that adds up what several have
 * written. With 128 rows of 32 it was the faster way on lavapipe and SwiftShader, with 256 no longer on SwiftShader; nor
 * with rows of several lanes in more rounds than one, since barriers in a loop are dear.
 */
export function fitOneWorkgroup(rows: number, length: number): boolean {
  const rounds = roundsFor(rows, length);
  if (rounds === 1) return true;
  return fewLanesFor(length) === 1 && rounds <= MOST_ROUNDS && rounds * length <= MOST_ELEMENTS;
}

/** Columns that a workgroup holds, and invocations that share the rows of each: one where barriers are dear. */
export function columnLanes(software: boolean): { COLUMNS: number; LANES: number } {
  return software ? { COLUMNS: 64, LANES: 1 } : { COLUMNS: 16, LANES: 16 };
}
