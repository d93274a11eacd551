import type { Params, Variant } from '../backend.ts';

/** `products` implicit matrix products. */
export interface ImplicitProduct {
  rows: number;
  columns: number;
  /** Terms that the innermost loop adds one after the other. */
  terms: number;
  /** Terms of a sum in total. */
  depth: number;
  products: number;
}

/** The matrix product itself, one part of k per split. */
export function matmulProduct({ m, n, k, batch, chunk }: Params<'matmul'>): ImplicitProduct {
  const terms = Math.min(k, chunk);
  return { rows: m, columns: n, terms, depth: terms, products: batch * Math.max(1, Math.ceil(k / chunk)) };
}

export function forwardProduct(
  { batch, groups, channels, outChannels, outHeight, outWidth }: Params<'conv2d'>,
  { KERNEL_HEIGHT = 3, KERNEL_WIDTH = 3 }: Variant<'conv2d'>,
): ImplicitProduct {
  return {
    rows: outChannels,
    columns: batch * outHeight * outWidth,
    terms: channels,
    depth: channels * KERNEL_HEIGHT * KERNEL_WIDTH,
    products: groups,
  };
}

export function inputGradientProduct(
  { batch, groups, channels, outChannels, height, width }: Params<'conv2dInputGradient'>,
  { KERNEL_HEIGHT = 3, KERNEL_WIDTH = 3, STRIDE_Y = 1, STRIDE_X = 1 }: Variant<'conv2dInputGradient'>,
): ImplicitProduct {
  return {
    rows: channels,
    columns: batch * Math.ceil(height / STRIDE_Y) * Math.ceil(width / STRIDE_X),
    terms: outChannels,
    depth: outChannels * KERNEL_HEIGHT * KERNEL_WIDTH,
    products: groups * STRIDE_Y * STRIDE_X,
  };
}

/** All pixels in one product, for any stride. Positions that the stride skips count as zeros. */
export function inputGradientWhole({
  batch,
  groups,
  channels,
  height,
  width,
}: Params<'conv2dInputGradient'>): Pick<ImplicitProduct, 'rows' | 'columns' | 'products'> {
  return { rows: channels, columns: batch * height * width, products: groups };
}

export function weightGradientProduct(
  { batch, groups, channels, outChannels, outHeight, outWidth, chunk }: Params<'conv2dWeightGradient'>,
  { KERNEL_HEIGHT = 3, KERNEL_WIDTH = 3 }: Variant<'conv2dWeightGradient'>,
): ImplicitProduct {
  return {
    rows: channels * KERNEL_HEIGHT * KERNEL_WIDTH,
    columns: outChannels,
    terms: outWidth,
    depth: Math.min(chunk, batch * outHeight) * outWidth,
    products: groups * Math.ceil((batch * outHeight) / chunk),
  };
}
