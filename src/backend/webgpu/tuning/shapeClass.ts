import type { Params, Variant } from '../../backend.ts';
import {
  forwardProduct,
  type ImplicitProduct,
  inputGradientProduct,
  matmulProduct,
  weightGradientProduct,
} from '../products.ts';
import type { Tuned } from './choice.ts';

type ProductOf<T extends Tuned> = (params: Params<T>, variant: Variant<T>) => ImplicitProduct;

const products: { readonly [T in Tuned]: ProductOf<T> } = {
  matmul: matmulProduct,
  conv2d: forwardProduct,
  conv2dInputGradient: inputGradientProduct,
  conv2dWeightGradient: weightGradientProduct,
};

/** The matrix product of a launch. */
export function productOf<T extends Tuned>(
  operation: T,
  params: Params<T>,
  variant: Variant<T>,
): ImplicitProduct {
  return products[operation](params, variant);
}

/**
 * The class of a launch. Launches of one class use the same kernel and tile. Sizes are rounded up to powers of two.
 * Transposes, filter and stride determine the memory access and are kept exactly.
 *
 * @example 'matmul 128x256x1024 NT', 'conv2d 64x16384x512 3x3 stride 1x1'
 */
export function shapeClass<T extends Tuned>(operation: T, params: Params<T>, variant: Variant<T>): string {
  const { rows, columns, depth, products: count } = productOf(operation, params, variant);
  const sizes = [rows, columns, depth].map(roundedUp).join('x');
  const times = count > 1 ? ` ${roundedUp(count)} times` : '';
  const walk = operation === 'matmul' ? layoutText(params as Params<'matmul'>) : filterText(variant);
  return `${operation} ${sizes} ${walk}${times}`;
}

function roundedUp(size: number): number {
  return size <= 1 ? size : 2 ** Math.ceil(Math.log2(size));
}

/** N for an operand with contiguous rows, T for contiguous columns, S for gaps. */
function layoutText({ aRowStride, aColumnStride, bRowStride, bColumnStride }: Params<'matmul'>): string {
  const layout = (row: number, column: number): string => (column === 1 ? 'N' : row === 1 ? 'T' : 'S');
  return layout(aRowStride, aColumnStride) + layout(bRowStride, bColumnStride);
}

function filterText({
  KERNEL_HEIGHT = 3,
  KERNEL_WIDTH = 3,
  STRIDE_Y = 1,
  STRIDE_X = 1,
}: Variant<'conv2dInputGradient'>): string {
  return `${KERNEL_HEIGHT}x${KERNEL_WIDTH} stride ${STRIDE_Y}x${STRIDE_X}`;
}
