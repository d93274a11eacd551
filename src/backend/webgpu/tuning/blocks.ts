/** The tile of a kernel that uses workgroup memory, by the names of its constants. */
export interface Block {
  readonly WORKGROUP_ROWS: number;
  readonly WORKGROUP_COLUMNS: number;
  /** Teams of invocations that share a sum. */
  readonly WORKGROUP_TEAMS: number;
  readonly TILE_ROWS: number;
  readonly TILE_COLUMNS: number;
  /** Steps of the sum in workgroup memory at a time. */
  readonly TILE_DEPTH: number;
  readonly TILE_BUFFERS: number;
}

const huge = { WORKGROUP_ROWS: 16, WORKGROUP_COLUMNS: 16, TILE_ROWS: 8, TILE_COLUMNS: 8, TILE_DEPTH: 16 };
const middle = { WORKGROUP_ROWS: 8, WORKGROUP_COLUMNS: 16, TILE_ROWS: 8, TILE_COLUMNS: 4, TILE_DEPTH: 16 };
const wide = { WORKGROUP_ROWS: 4, WORKGROUP_COLUMNS: 32, TILE_ROWS: 8, TILE_COLUMNS: 4, TILE_DEPTH: 8 };
const small = { WORKGROUP_ROWS: 8, WORKGROUP_COLUMNS: 8, TILE_ROWS: 4, TILE_COLUMNS: 4, TILE_DEPTH: 16 };
const tiny = { WORKGROUP_ROWS: 4, WORKGROUP_COLUMNS: 4, TILE_ROWS: 4, TILE_COLUMNS: 4, TILE_DEPTH: 16 };

/** The default: 64 × 64. */
export const DEFAULT_BLOCK: Block = { ...middle, TILE_BUFFERS: 2, WORKGROUP_TEAMS: 1 };

/** Blocks of 128 × 128, 64 × 64 and 32 × 128, largest first. */
export const large: readonly Block[] = [
  { ...huge, TILE_BUFFERS: 1, WORKGROUP_TEAMS: 1 },
  DEFAULT_BLOCK,
  { ...wide, TILE_BUFFERS: 2, WORKGROUP_TEAMS: 1 },
];
/** 32 × 32. */
export const SMALL_BLOCK: Block = { ...small, TILE_BUFFERS: 2, WORKGROUP_TEAMS: 1 };
/** 32 × 32 and 16 × 16 with several teams. They use all the workgroup memory that every device has. */
export const shared: readonly [Block, Block] = [
  { ...small, TILE_BUFFERS: 1, WORKGROUP_TEAMS: 4 },
  { ...tiny, TILE_BUFFERS: 1, WORKGROUP_TEAMS: 8 },
];

/**
 * All blocks that are tried and compiled. One of them also has a variant with a single buffer, of which more fit onto a
 * GPU's core.
 */
export const blocks: readonly Block[] = [
  ...large,
  SMALL_BLOCK,
  ...shared,
  { ...middle, TILE_BUFFERS: 1, WORKGROUP_TEAMS: 1 },
];

export function rowsOf({ WORKGROUP_ROWS, TILE_ROWS }: Block): number {
  return WORKGROUP_ROWS * TILE_ROWS;
}

export function columnsOf({ WORKGROUP_COLUMNS, TILE_COLUMNS }: Block): number {
  return WORKGROUP_COLUMNS * TILE_COLUMNS;
}

export function invocationsOf(block: Block): number {
  return block.WORKGROUP_TEAMS * invocationsOfTeam(block);
}

function invocationsOfTeam({ WORKGROUP_ROWS, WORKGROUP_COLUMNS }: Block): number {
  return WORKGROUP_ROWS * WORKGROUP_COLUMNS;
}

/** Bytes of workgroup memory that a block takes. */
export function memoryOfBlock(block: Block): number {
  return (
    4 * block.WORKGROUP_TEAMS * block.TILE_BUFFERS * block.TILE_DEPTH * (rowsOf(block) + columnsOf(block))
  );
}

/** Quads of 4 × 4 numbers of each slice that an invocation loads: TILE_LOADS of the kernels. */
export function loadsOf(block: Block): number {
  const quads = ((rowsOf(block) + columnsOf(block)) * block.TILE_DEPTH) / 16;
  return Math.ceil(quads / invocationsOfTeam(block));
}
