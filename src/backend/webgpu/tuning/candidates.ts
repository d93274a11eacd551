import { blocks, invocationsOf, memoryOfBlock } from './blocks.ts';
import { LEAST_SUBGROUP } from './builtIn.ts';
import { type Choice, choiceText, kernelsOf, type Tile, type Traits, type Tuned } from './choice.ts';

/** Rows of the register tiles that are tried, for kernels without and with subgroups. */
const PLAIN_ROWS = [4, 8, 16];
const SUBGROUP_ROWS = [8, 16, 32];

/** Invocations of a workgroup that are tried: a software driver runs eight at a time, a GPU 32 or 64. */
const SOFTWARE_WIDTHS = [8, 16];
const GPU_WIDTHS = [32, 64];

/** Every choice for an operation that is worth a trial on a device with these traits. */
export function candidates(operation: Tuned, traits: Traits): Choice[] {
  return kernelsOf[operation].flatMap((kernel) => tilesOf(kernel, traits).map((tile) => ({ kernel, tile })));
}

/** Whether a choice that comes from outside is one that the device can run, worth a trial or not. */
export function canRun(operation: Tuned, choice: { kernel: string; tile: Tile }, traits: Traits): boolean {
  const text = choiceText(choice);
  return [true, false].some((software) =>
    candidates(operation, { ...traits, software }).some((candidate) => choiceText(candidate) === text),
  );
}

function tilesOf(kernel: string, { software, subgroup, memory, invocations }: Traits): Tile[] {
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
  return subgroup >= LEAST_SUBGROUP ? rowTiles(SUBGROUP_ROWS, widths) : [];
}

function rowTiles(rows: readonly number[], widths: readonly number[]): Tile[] {
  return rows.flatMap((TILE_ROWS) => widths.map((WORKGROUP_SIZE) => ({ TILE_ROWS, WORKGROUP_SIZE })));
}

/** Rows that a register tile of a kernel may have: what the inspector compiles. */
export function rowChoices(kernel: 'matmul' | 'matmulSubgroup'): readonly number[] {
  return kernel === 'matmul' ? PLAIN_ROWS : SUBGROUP_ROWS;
}
