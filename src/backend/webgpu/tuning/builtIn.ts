import type { Params, Variant } from '../../backend.ts';
import { type Block, buffered, columnsOf, rowsOf } from './blocks.ts';
import type { Choice, Tile, Traits, Tuned } from './choice.ts';
import { productOf } from './shapeClass.ts';

/** Lanes that the kernels for subgroups need. */
export const LEAST_SUBGROUP = 8;

/**
 * What is chosen where nothing was measured on the adapter.
 *
 * Software drivers: the kernels for subgroups, which on lavapipe are four to seven times as fast as the plain ones, where
 * subgroups have eight lanes; else the plain ones. Both with the tiles of `geometry.ts`.
 *
 * GPUs: workgroup memory, by rules that are common knowledge; no GPU was at hand to measure them. `npm run tune` does.
 */
export function builtIn<T extends Tuned>(
  operation: T,
  params: Params<T>,
  variant: Variant<T>,
  { software, subgroup }: Traits,
): Choice {
  const choice: { kernel: string; tile: Tile } = software
    ? { kernel: subgroup >= LEAST_SUBGROUP ? `${operation}Subgroup` : operation, tile: {} }
    : { kernel: `${operation}Workgroup`, tile: { ...fillingBlock(productOf(operation, params, variant)) } };
  return choice as Choice;
}

/** Workgroups that keep a GPU busy. */
const ENOUGH = 128;

/** The largest block of which there are enough, with two buffers; else the smallest. */
function fillingBlock({
  rows,
  columns,
  products,
}: {
  rows: number;
  columns: number;
  products: number;
}): Block {
  const count = (block: Block): number =>
    Math.ceil(rows / rowsOf(block)) * Math.ceil(columns / columnsOf(block)) * products;
  return buffered.find((block) => rowsOf(block) <= rows && count(block) >= ENOUGH) ?? buffered.at(-1)!;
}
