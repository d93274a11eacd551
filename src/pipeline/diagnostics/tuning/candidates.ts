import { blocks, invocationsOf, memoryOfBlock } from '../../../backend/webgpu/tuning/blocks.ts';
import { subgroupTile } from '../../../backend/webgpu/tuning/builtIn.ts';
import {
  type Choice,
  choiceText,
  kernelsOf,
  type Tile,
  type Traits,
  type Tuned,
} from '../../../backend/webgpu/tuning/choice.ts';

/** Rows of the register tiles that are tried, for kernels without and with subgroups, of eight lanes and of four. */
const PLAIN_ROWS = [4, 8, 16];
const SUBGROUP_ROWS = [8, 16, 32];
const NARROW_ROWS = [8, 16];

/** Invocations of a workgroup that are tried: a software driver runs eight at a time, a GPU 32 or 64. */
const SOFTWARE_WIDTHS = [8, 16];
const GPU_WIDTHS = [32, 64];

/** Every choice for an operation that is worth a trial on a device with these traits. */
export function candidates(operation: Tuned, traits: Traits): Choice[] {
  return kernelsOf[operation].flatMap((kernel) =>
    tilesOf(operation, kernel, traits).map((tile) => ({ kernel, tile })),
  );
}

/** Whether a choice that comes from outside is one that the device can run, worth a trial or not. */
export function canRun(operation: Tuned, choice: { kernel: string; tile: Tile }, traits: Traits): boolean {
  const text = choiceText(choice);
  const asked = [traits.subgroup, Math.min(traits.subgroup, 4)].flatMap((subgroup) =>
    [true, false].flatMap((software) => candidates(operation, { ...traits, software, subgroup })),
  );
  return asked.some((candidate) => choiceText(candidate) === text);
}

function tilesOf(
  operation: Tuned,
  kernel: string,
  { software, subgroup, memory, invocations }: Traits,
): Tile[] {
  if (kernel.endsWith('Workgroup')) {
    // There workgroup memory is memory like any other, and the block takes seconds to compile.
    if (software) return [];
    return blocks
      .filter((block) => memoryOfBlock(block) <= memory && invocationsOf(block) <= invocations)
      .map((block) => ({ ...block }));
  }
  // It has no tile to choose, and is the built-in choice wherever its pixels fit.
  if (kernel === 'conv2dFewTerms') return [];
  const widths = software ? SOFTWARE_WIDTHS : GPU_WIDTHS;
  if (!kernel.endsWith('Subgroup')) return rowTiles(PLAIN_ROWS, widths);
  const shared = subgroupTile(subgroup);
  if (!shared) return [];
  return rowTiles(shared.TILE_LOAD === 4 ? NARROW_ROWS : SUBGROUP_ROWS, widths).map((tile) => ({
    ...tile,
    ...shared,
  }));
}

function rowTiles(rows: readonly number[], widths: readonly number[]): Tile[] {
  return rows.flatMap((TILE_ROWS) => widths.map((WORKGROUP_SIZE) => ({ TILE_ROWS, WORKGROUP_SIZE })));
}

/** The register tiles that a kernel may have: what the inspector compiles. */
export function rowChoices(kernel: 'matmul' | 'matmulSubgroup'): Tile[] {
  if (kernel === 'matmul') return PLAIN_ROWS.map((TILE_ROWS) => ({ TILE_ROWS }));
  return [
    ...SUBGROUP_ROWS.map((TILE_ROWS) => ({ TILE_ROWS, TILE_LOAD: 8 })),
    ...NARROW_ROWS.map((TILE_ROWS) => ({ TILE_ROWS, TILE_LOAD: 4 })),
  ];
}
