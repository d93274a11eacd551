import type { KernelName, Params, Variant } from '../backend.ts';

/** How a launch is cut: performance constants of the kernel, and the number of workgroups. */
export interface Geometry<K extends KernelName> {
  settings: Variant<K>;
  workgroups: readonly [number, number, number];
}

/** The chosen geometry is a pure function of the launch: the same launch, the same order of sums. */
type Chooser<K extends KernelName> = (params: Params<K>, variant: Variant<K>) => Geometry<K>;

/** The least that WebGPU promises for workgroups in one direction. */
const WIDEST = 65_535;
/** Invocations of a workgroup; WebGPU promises 256. */
const WORKGROUP = 256;

/** One invocation for each of `count` elements; grids that are too wide fold into y. */
function linear(count: number, workgroup: number = WORKGROUP): readonly [number, number, number] {
  const groups = Math.ceil(count / workgroup);
  const rows = Math.max(1, Math.ceil(groups / WIDEST));
  return [Math.ceil(groups / rows), rows, 1];
}

/**
 * A grid that walks over `size` elements. An invocation costs a software driver as much as some elements do, so it takes
 * several, up to 16, as long as 128 workgroups are left for a GPU's cores.
 */
function elementwise({ size }: { size: number }): {
  settings: { WORKGROUP: number };
  workgroups: readonly [number, number, number];
} {
  const groups = Math.ceil(size / WORKGROUP);
  const steps = Math.max(1, Math.min(16, Math.floor(groups / 128)));
  return { settings: { WORKGROUP }, workgroups: [Math.min(WIDEST, Math.ceil(groups / steps)), 1, 1] };
}

/** The same over fours of elements, of which the first may begin before `offset`. */
function fourwise({ size, offset }: { size: number; offset: number }): ReturnType<typeof elementwise> {
  return elementwise({ size: Math.ceil((size + (offset % 4)) / 4) });
}

/** Rows whose lanes each add up all of their row's, so that there should not be many. */
function fewLanes({ rows, length }: { rows: number; length: number }): ReturnType<typeof rowwise> {
  const LANES = length <= 32 ? 1 : Math.max(4, Math.min(64, 2 ** Math.ceil(Math.log2(length / 64))));
  const ROWS = Math.min(64, WORKGROUP / LANES);
  return { settings: { LANES, ROWS }, workgroups: linear(rows, ROWS) };
}

/** One workgroup for each part of each channel. */
function channelwise({ channels, count, chunk }: { channels: number; count: number; chunk: number }): {
  settings: { LANES: number; FAN: number };
  workgroups: readonly [number, number, number];
} {
  const [x, y] = linear(channels, 1);
  return { settings: { LANES: 64, FAN: 8 }, workgroups: [x, y, Math.ceil(count / chunk)] };
}

/** Invocations that share a row of `length`: one for short rows, a whole workgroup for long ones. */
function lanesFor(length: number): number {
  if (length <= 32) return 1;
  return Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(length / 8)));
}

/** Rows that a workgroup of `lanes` invocations each holds. */
function rowsFor(lanes: number): number {
  return Math.max(1, Math.min(64, WORKGROUP / lanes));
}

/** Every pair of lanes and rows that a launch can choose. */
export function laneChoices(): { lanes: number; rows: number }[] {
  const lengths = Array.from({ length: 32 }, (_, power) => 2 ** power);
  return [...new Set(lengths.map(lanesFor))].map((lanes) => ({ lanes, rows: rowsFor(lanes) }));
}

function rowwise(
  rows: number,
  length: number,
): { settings: { LANES: number; ROWS: number }; workgroups: readonly [number, number, number] } {
  const LANES = lanesFor(length);
  const ROWS = rowsFor(LANES);
  return { settings: { LANES, ROWS }, workgroups: linear(rows, ROWS) };
}

/** Each workgroup computes `rows` rows of four columns an invocation. */
function tiledMatmul(
  { m, n, k, batch, chunk }: Params<'matmul'>,
  rows: number,
  width: number,
): Geometry<'matmul'> {
  const tiles = Math.ceil(m / rows) * batch * Math.max(1, Math.ceil(k / chunk));
  const [y, z] = linear(tiles, 1);
  return {
    settings: { WORKGROUP_SIZE: width, TILE_ROWS: rows },
    workgroups: [Math.ceil(n / (4 * width)), y, z],
  };
}

/** An implicit product of matrices, `products` times. */
interface ImplicitProduct {
  rows: number;
  columns: number;
  /** Terms that are added one after the other in the innermost loop. */
  terms: number;
  products: number;
}

function forwardProduct({
  batch,
  groups,
  channels,
  outChannels,
  outHeight,
  outWidth,
}: Params<'conv2d'>): ImplicitProduct {
  return {
    rows: outChannels,
    columns: batch * outHeight * outWidth,
    terms: channels,
    products: groups,
  };
}

function inputGradientProduct(
  { batch, groups, channels, outChannels, height, width }: Params<'conv2dInputGradient'>,
  { STRIDE_Y = 1, STRIDE_X = 1 }: Variant<'conv2dInputGradient'>,
): ImplicitProduct {
  return {
    rows: channels,
    columns: batch * Math.ceil(height / STRIDE_Y) * Math.ceil(width / STRIDE_X),
    terms: outChannels,
    products: groups * STRIDE_Y * STRIDE_X,
  };
}

function weightGradientProduct(
  { batch, groups, channels, outChannels, outHeight, outWidth, chunk }: Params<'conv2dWeightGradient'>,
  { KERNEL_HEIGHT = 1, KERNEL_WIDTH = 1 }: Variant<'conv2dWeightGradient'>,
): ImplicitProduct {
  return {
    rows: channels * KERNEL_HEIGHT * KERNEL_WIDTH,
    columns: outChannels,
    terms: outWidth,
    products: groups * Math.ceil((batch * outHeight) / chunk),
  };
}

type ConvolutionGeometry<T> = Pick<Geometry<'conv2d'>, 'workgroups'> & { settings: T };

/** Each workgroup computes `TILE_ROWS` rows of four columns an invocation. */
function tiledProduct<T extends { TILE_ROWS: number }>(
  { rows, columns, products }: ImplicitProduct,
  tile: T,
): ConvolutionGeometry<T & { WORKGROUP_SIZE: number }> {
  const width = 8;
  const tiles = Math.ceil(rows / tile.TILE_ROWS) * Math.ceil(columns / (4 * width)) * products;
  return { settings: { ...tile, WORKGROUP_SIZE: width }, workgroups: linear(tiles, 1) };
}

function plainProduct(
  product: ImplicitProduct,
): ConvolutionGeometry<{ TILE_ROWS: number; WORKGROUP_SIZE: number }> {
  return tiledProduct(product, { TILE_ROWS: Math.min(16, product.rows) });
}

/** Sums times steps of an unrolled tile: beyond, lavapipe's compiler gives up unrolling, at a tenth of the rate. */
const MOST_UNROLLED = 64;

/** Tiles of even shares, 32 rows at most: 33 rows are two tiles of 18. Four steps at a time where they fit. */
function subgroupProduct(
  product: ImplicitProduct,
): ConvolutionGeometry<{ TILE_ROWS: number; TILE_LOAD: number; TILE_STEPS: number; WORKGROUP_SIZE: number }> {
  const { rows, terms } = product;
  const share = Math.ceil(rows / Math.ceil(rows / 32));
  const loads = Math.ceil(share / 8);
  const TILE_LOAD = Math.ceil(share / loads);
  const TILE_ROWS = loads * TILE_LOAD;
  const TILE_STEPS = [4, 2].find((steps) => terms % steps === 0 && TILE_ROWS * steps <= MOST_UNROLLED) ?? 1;
  return tiledProduct(product, { TILE_ROWS, TILE_LOAD, TILE_STEPS });
}

export const geometries: { readonly [K in KernelName]: Chooser<K> } = {
  accumulate: elementwise,
  adam: fourwise,
  // One workgroup an image.
  augmentImages: ({ count }) => ({ settings: { WORKGROUP: 64 }, workgroups: linear(count, 1) }),
  argreduce: ({ outputs }) => elementwise({ size: outputs }),
  averagePool: elementwise,
  averagePoolGradient: ({ tiles }) => elementwise({ size: tiles }),
  batchNorm: ({ rows, inner }) => fewLanes({ rows, length: inner }),
  batchNormFinish: ({ size }) => ({ settings: { WORKGROUP: 64 }, workgroups: linear(size, 64) }),
  batchNormGradient: ({ rows, inner }) => fewLanes({ rows, length: inner }),
  batchNormStatistics: channelwise,
  batchNormSums: channelwise,
  binary: elementwise,
  cast: elementwise,
  clip: elementwise,
  compare: elementwise,
  conv2d: (params) => plainProduct(forwardProduct(params)),
  conv2dInputGradient: (params, variant) => plainProduct(inputGradientProduct(params, variant)),
  conv2dInputGradientSubgroup: (params, variant) => subgroupProduct(inputGradientProduct(params, variant)),
  conv2dSubgroup: (params) => subgroupProduct(forwardProduct(params)),
  conv2dWeightGradient: (params, variant) => plainProduct(weightGradientProduct(params, variant)),
  conv2dWeightGradientSubgroup: (params, variant) => subgroupProduct(weightGradientProduct(params, variant)),
  copy: elementwise,
  crossEntropy: ({ rows, classes }) => rowwise(rows, classes),
  crossEntropyGradient: elementwise,
  dropout: ({ size }) => ({ settings: { WORKGROUP: 64 }, workgroups: linear(size, 4 * 64) }),
  fill: elementwise,
  gather: elementwise,
  gatherImages: elementwise,
  layerNorm: fewLanes,
  layerNormGradient: fewLanes,
  layerNormSums: ({ rows, length, chunk }) => {
    const [x, y] = linear(length, 64);
    return { settings: { WORKGROUP: 64 }, workgroups: [x, y, Math.ceil(rows / chunk)] };
  },
  lossTotal: () => ({ settings: { LANES: 64 }, workgroups: [1, 1, 1] }),
  // Few rows do not fill a large tile.
  matmul: (params) => tiledMatmul(params, params.m <= 8 ? 8 : 16, 8),
  matmulSubgroup: (params) => tiledMatmul(params, params.m <= 8 ? 8 : params.m <= 16 ? 16 : 32, 8),
  norm: ({ size, chunk }) => ({
    settings: { LANES: WORKGROUP },
    workgroups: linear(Math.ceil(size / chunk), 1),
  }),
  maxPool: elementwise,
  maxPoolGradient: ({ tiles }) => elementwise({ size: tiles }),
  random: ({ size }) => ({ settings: { WORKGROUP: 64 }, workgroups: linear(size, 4 * 64) }),
  reduce: ({ outputs, length, chunk }) => {
    // With many sums an invocation has each to itself; with few, neighbours share a row.
    const many = outputs >= 64 || outputs * Math.ceil(length / chunk) >= 1024;
    const LANES = many ? 1 : lanesFor(Math.min(chunk, length));
    const OUTPUTS = rowsFor(LANES);
    const [columns, rows] = linear(outputs, OUTPUTS);
    return {
      settings: { LANES, OUTPUTS },
      workgroups: [columns, Math.ceil(length / chunk), rows],
    };
  },
  reluGradientSums: ({ rows, columns, chunk }) => ({
    settings: { WORKGROUP: 64 },
    workgroups: [Math.ceil(columns / 64), Math.ceil(rows / chunk), 1],
  }),
  rmsprop: elementwise,
  scatterAdd: elementwise,
  sgd: elementwise,
  softmax: ({ rows, length }) => rowwise(rows, length),
  tally: () => ({ settings: { LANES: 64 }, workgroups: [1, 1, 1] }),
  unary: elementwise,
  where: elementwise,
};
