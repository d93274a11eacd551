import type { Params, Variant } from '../../backend.ts';
import type { ImplicitProduct } from '../products.ts';
import { type Block, columnsOf, large, rowsOf, shared, SMALL_BLOCK } from './blocks.ts';
import type { Choice, Tile, Traits, Tuned } from './choice.ts';
import { productOf } from './shapeClass.ts';

/**
 * A tile of the kernels for subgroups, which share out loads between eight lanes, their default, or four; undefined where
 * subgroups have fewer.
 */
export function subgroupTile(lanes: number): { TILE_LOAD?: number } | undefined {
  return lanes >= 8 ? {} : lanes >= 4 ? { TILE_LOAD: 4 } : undefined;
}

/**
 * Terms of the longest sums that `conv2dFewTerms` is taken for: three channels of 3 × 3. With nine, on lavapipe, it takes
 * two thirds of the other kernel's time; with more than fifty it is the slower one.
 */
const FEW_TERMS = 27;

/**
 * What is chosen where nothing was measured on the adapter.
 *
 * Software drivers: the kernels for subgroups where these have enough lanes, and with eight, for convolutions of few terms,
 * the one that holds their pixels; else the plain ones. All with the tiles of `geometry.ts`. On lavapipe, which has eight
 * lanes, they are four to seven times as fast as the plain ones; on SwiftShader, which has four, about 1.4 times.
 *
 * GPUs: workgroup memory, in blocks as on an NVIDIA H100, where teams halved the time of the networks' products. `npm run tune`
 * measures what is best on another one.
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
  return operation === 'conv2d' && depth <= FEW_TERMS && lanes >= 8
    ? 'conv2dFewTerms'
    : `${operation}Subgroup`;
}

/** Workgroups of large blocks that keep a GPU busy, and of blocks that several teams share. */
const ENOUGH = 128;
const ENOUGH_SHARED = 64;
/** Terms of a sum that it takes to share it out. */
const LONG = 64;

/** The largest block of which there are enough; else a small one, by several teams where its sums are long. */
function fillingBlock({ rows, columns, depth, products }: ImplicitProduct): Block {
  const count = (block: Block): number =>
    Math.ceil(rows / rowsOf(block)) * Math.ceil(columns / columnsOf(block)) * products;
  const filling = large.find((block) => rowsOf(block) <= rows && count(block) >= ENOUGH);
  if (filling) return filling;
  if (depth < LONG) return SMALL_BLOCK;
  const [small, tiny] = shared;
  return count(small) >= ENOUGH_SHARED ? small : tiny;
}
