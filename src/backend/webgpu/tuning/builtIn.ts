import type { Params, Variant } from '../../backend.ts';
import type { ImplicitProduct } from '../products.ts';
import { type Block, columnsOf, large, rowsOf, shared, SMALL_BLOCK } from './blocks.ts';
import type { Choice, Tile, Traits, Tuned } from './choice.ts';
import { productOf } from './shapeClass.ts';

/**
 * A tile for the subgroup kernels, which share loads between eight lanes (the default) or four; undefined if subgroups
 * have fewer.
 */
export function subgroupTile(lanes: number): { TILE_LOAD?: number } | undefined {
  return lanes >= 8 ? {} : lanes >= 4 ? { TILE_LOAD: 4 } : undefined;
}

/**
 * The longest sums for `conv2dFewTerms`: three channels of 3 × 3. On lavapipe, with nine terms it takes two thirds of
 * the other kernel's time; with more than fifty it is slower.
 */
const FEW_TERMS = 27;

/**
 * The choice for an adapter on which nothing was measured.
 *
 * Software drivers: the subgroup kernels if subgroups have enough lanes; with eight lanes, for convolutions of few
 * terms, the kernel that keeps their pixels; otherwise the plain kernels. All use the tiles of `geometry.ts`. On
 * lavapipe, which has eight lanes, the subgroup kernels are four to seven times as fast as the plain ones; on
 * SwiftShader, which has four, about 1.4 times.
 *
 * GPUs: workgroup memory, with the blocks that were best on an NVIDIA H100, where teams halved the time of the
 * networks' products. `npm run tune` measures another GPU.
 */
export function builtIn<T extends Tuned>(
  operation: T,
  params: Params<T>,
  variant: Variant<T>,
  { software, subgroup }: Traits,
): Choice {
  const product = productOf(operation, params, variant);
  const shared = subgroupTile(subgroup);
  const choice: { kernel: string; tile: Tile } = !software
    ? { kernel: `${operation}Workgroup`, tile: { ...fillingBlock(product) } }
    : shared
      ? { kernel: subgroupKernel(operation, product, subgroup), tile: shared }
      : { kernel: operation, tile: {} };
  return choice as Choice;
}

function subgroupKernel(operation: Tuned, { depth }: ImplicitProduct, lanes: number): string {
  return operation === 'conv2d' && depth > 0 && depth <= FEW_TERMS && lanes >= 8
    ? 'conv2dFewTerms'
    : `${operation}Subgroup`;
}

/** The number of workgroups of large blocks that keeps a GPU busy, and of blocks that several teams share. */
const ENOUGH = 128;
const ENOUGH_SHARED = 64;
/** The fewest terms of a sum that is worth sharing. */
const LONG = 64;

/** The largest block of which there are enough. Otherwise a small one, with several teams if its sums are long. */
function fillingBlock({ rows, columns, depth, products }: ImplicitProduct): Block {
  const count = (block: Block): number =>
    Math.ceil(rows / rowsOf(block)) * Math.ceil(columns / columnsOf(block)) * products;
  const filling = large.find((block) => rowsOf(block) <= rows && count(block) >= ENOUGH);
  if (filling) return filling;
  if (depth < LONG) return SMALL_BLOCK;
  const [small, tiny] = shared;
  return count(small) >= ENOUGH_SHARED ? small : tiny;
}
