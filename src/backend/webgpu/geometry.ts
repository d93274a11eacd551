import type { KernelName, Params, Variant } from '../backend.ts';
import { KernelError } from '../errors.ts';
import { columnLanes, fewLanesFor, HEAD_LANES, lanesFor, roundsFor, rowsFor, WORKGROUP } from '../lanes.ts';
import { codes, type Signatures } from '../signatures.ts';
import {
  forwardProduct,
  type ImplicitProduct,
  inputGradientProduct,
  inputGradientWhole,
  matmulProduct,
  weightGradientProduct,
} from './products.ts';
import { type Block, columnsOf, DEFAULT_BLOCK, loadsOf, rowsOf } from './tuning/blocks.ts';
import { loadsWords } from './words.ts';

/** The geometry of a launch: performance constants of the kernel, and the number of workgroups. */
export interface Geometry<K extends KernelName> {
  settings: Variant<K>;
  workgroups: readonly [number, number, number];
  /** Whether a grid of any size is valid, because each invocation loops over elements one grid width apart. */
  walks?: boolean;
}

/** What the geometry depends on besides the launch. */
interface Driver {
  /** Whether the driver runs on the processor. */
  software: boolean;
  /** The most workgroups of one dimension. */
  widest: number;
}

/** The geometry of one kernel's launches. */
type Chooser<K extends KernelName> = (
  params: Params<K>,
  driver: Driver,
  variant: Variant<K>,
  tile: Variant<K>,
) => Geometry<K>;

/** Kernels for which the default serves: those that walk over `size` elements, WORKGROUP invocations at a time. */
type Walking = {
  [K in KernelName]: Signatures[K] extends { params: { size: number }; variant: { WORKGROUP: number } }
    ? K
    : never;
}[KernelName];

/** The number of workgroups per dimension that WebGPU guarantees. */
const WIDEST = 65_535;

/** Workgroups for `count` elements. Grids that are too wide fold into y. */
function linear({ widest }: Driver, count: number, workgroup: number): readonly [number, number, number] {
  const groups = Math.ceil(count / workgroup);
  const rows = Math.max(1, Math.ceil(groups / widest));
  return [Math.ceil(groups / rows), rows, 1];
}

/**
 * A workgroup for each of `columns` and `rows`. z counts on in the dimension that is too wide. Both cannot be: the
 * result would have more elements than a buffer holds.
 */
function tables({ widest }: Driver, columns: number, rows: number): readonly [number, number, number] {
  const folds = Math.max(1, Math.ceil(columns / widest), Math.ceil(rows / widest));
  return columns > widest
    ? [Math.ceil(columns / folds), rows, folds]
    : [columns, Math.ceil(rows / folds), folds];
}

/**
 * A grid that loops over `size` elements. On a software driver an invocation costs as much as several elements, so each
 * handles up to 16, as long as 128 workgroups remain for a GPU's cores.
 */
function elementwise(
  { size }: { size: number },
  { widest }: Driver,
): {
  settings: { WORKGROUP: number };
  workgroups: readonly [number, number, number];
  walks: true;
} {
  const groups = Math.ceil(size / WORKGROUP);
  const steps = Math.max(1, Math.min(16, Math.floor(groups / 128)));
  return {
    settings: { WORKGROUP },
    workgroups: [Math.min(widest, Math.ceil(groups / steps)), 1, 1],
    walks: true,
  };
}

/** The same over groups of four elements. The first group may begin before `offset`. */
function fourwise(
  { size, offset }: { size: number; offset: number },
  driver: Driver,
): ReturnType<typeof elementwise> {
  return elementwise({ size: Math.ceil((size + (offset % 4)) / 4) }, driver);
}

/** One workgroup per part of each channel. */
function channelwise(
  { channels, count, chunk }: { channels: number; count: number; chunk: number },
  driver: Driver,
): {
  settings: { LANES: number; FAN: number };
  workgroups: readonly [number, number, number];
} {
  const [x, y] = linear(driver, channels, 1);
  return { settings: { LANES: 64, FAN: 8 }, workgroups: [x, y, Math.ceil(count / chunk)] };
}

/** Rows of `length`; a workgroup holds several. */
function rowwise(
  driver: Driver,
  rows: number,
  length: number,
): { settings: { LANES: number; ROWS: number }; workgroups: readonly [number, number, number] } {
  const LANES = fewLanesFor(length);
  const ROWS = rowsFor(LANES);
  return { settings: { LANES, ROWS }, workgroups: linear(driver, rows, ROWS) };
}

/** The same with one workgroup for all rows. */
function allRows(
  driver: Driver,
  rows: number,
  length: number,
): {
  settings: { LANES: number; ROWS: number; ROUNDS: number };
  workgroups: readonly [number, number, number];
} {
  const { settings } = rowwise(driver, rows, length);
  return { settings: { ...settings, ROUNDS: roundsFor(rows, length) }, workgroups: [1, 1, 1] };
}

/** Each workgroup computes `rows` rows, and four columns per invocation. */
function tiledMatmul(
  { m, n, k, batch, chunk }: Params<'matmul'>,
  rows: number,
  width: number,
  driver: Driver,
): Geometry<'matmul'> {
  const tiles = Math.ceil(m / rows) * batch * Math.max(1, Math.ceil(k / chunk));
  return {
    settings: { WORKGROUP_SIZE: width, TILE_ROWS: rows },
    workgroups: tables(driver, Math.ceil(n / (4 * width)), tiles),
  };
}

/**
 * Up to eight rows have a small tile. A tile of 16 would be a quarter faster for 9 to 16 rows, but compiling it adds
 * half a second to the start. With four lanes, sums are in named variables, at most 16 rows.
 */
function subgroupMatmul(
  params: Params<'matmul'>,
  driver: Driver,
  _: Variant<'matmul'>,
  {
    TILE_LOAD = 8,
    TILE_ROWS = params.m <= 8 ? 8 : 4 * TILE_LOAD,
    WORKGROUP_SIZE = 8,
  }: Variant<'matmulSubgroup'>,
): Geometry<'matmulSubgroup'> {
  const { settings, workgroups } = tiledMatmul(params, TILE_ROWS, WORKGROUP_SIZE, driver);
  const even = [params.k, Math.min(params.k, params.chunk)].every((steps) => steps % 2 === 0);
  // Lavapipe would gain nothing from a second pipeline.
  return { settings: { ...settings, TILE_LOAD, EVEN: TILE_LOAD === 4 && even }, workgroups };
}

type ProductGeometry<T> = Pick<Geometry<'conv2d'>, 'workgroups'> & { settings: T };

/**
 * The constants of register tiles that `tuning/` may choose: the most rows, the lanes that share loads, and the
 * invocations of a workgroup.
 */
interface RowTile {
  TILE_ROWS?: number;
  TILE_LOAD?: number;
  WORKGROUP_SIZE?: number;
}

/** Each workgroup computes `TILE_ROWS` rows, and four columns per invocation. */
function tiledProduct<T extends { TILE_ROWS: number }>(
  { rows, columns, products }: ImplicitProduct,
  tile: T,
  width: number,
  driver: Driver,
): ProductGeometry<T & { WORKGROUP_SIZE: number }> {
  const tiles = Math.ceil(rows / tile.TILE_ROWS) * Math.ceil(columns / (4 * width)) * products;
  return { settings: { ...tile, WORKGROUP_SIZE: width }, workgroups: linear(driver, tiles, 1) };
}

function plainProduct(
  product: ImplicitProduct,
  { TILE_ROWS = 16, WORKGROUP_SIZE = 8 }: RowTile,
  driver: Driver,
): ProductGeometry<{ TILE_ROWS: number; WORKGROUP_SIZE: number }> {
  return tiledProduct(product, { TILE_ROWS: Math.min(TILE_ROWS, product.rows) }, WORKGROUP_SIZE, driver);
}

/**
 * The limit for sums · steps of an unrolled tile. Beyond it lavapipe's compiler stops unrolling and is ten times
 * slower.
 */
const MOST_UNROLLED = 64;

/**
 * Tiles of equal shares, with at most four loads of rows by default: 33 rows are two tiles of 18. Four steps at a time
 * if they fit. With four lanes, sums are in named variables: whole loads, one step at a time.
 */
function subgroupProduct(
  product: ImplicitProduct,
  { TILE_LOAD: lanes = 8, TILE_ROWS: most = 4 * lanes, WORKGROUP_SIZE = 8 }: RowTile,
  driver: Driver,
): ProductGeometry<{ TILE_ROWS: number; TILE_LOAD: number; TILE_STEPS: number; WORKGROUP_SIZE: number }> {
  const { rows, terms } = product;
  const share = Math.ceil(rows / Math.ceil(rows / most));
  const loads = Math.ceil(share / lanes);
  const TILE_LOAD = lanes === 4 ? 4 : Math.ceil(share / loads);
  const TILE_ROWS = loads * TILE_LOAD;
  const fits = (steps: number): boolean => terms % steps === 0 && TILE_ROWS * steps <= MOST_UNROLLED;
  const TILE_STEPS = TILE_LOAD === 4 ? 1 : ([4, 2].find(fits) ?? 1);
  return tiledProduct(product, { TILE_ROWS, TILE_LOAD, TILE_STEPS }, WORKGROUP_SIZE, driver);
}

/** Each workgroup computes all rows of four columns per invocation, whose terms it keeps in registers. */
function heldProduct(
  { columns, depth, products }: ImplicitProduct,
  driver: Driver,
): ProductGeometry<{ TILE_TERMS: number; WORKGROUP_SIZE: number }> {
  const WORKGROUP_SIZE = 8;
  const tiles = Math.ceil(columns / (4 * WORKGROUP_SIZE)) * products;
  return { settings: { TILE_TERMS: depth, WORKGROUP_SIZE }, workgroups: linear(driver, tiles, 1) };
}

/** Each workgroup computes a block. */
function blockedProduct(
  { rows, columns, products }: Omit<ImplicitProduct, 'terms' | 'depth'>,
  tile: Partial<Block>,
  driver: Driver,
): ProductGeometry<Block & { TILE_LOADS: number }> {
  const block = { ...DEFAULT_BLOCK, ...tile };
  const tiles = Math.ceil(rows / rowsOf(block)) * Math.ceil(columns / columnsOf(block)) * products;
  return { settings: { ...block, TILE_LOADS: loadsOf(block) }, workgroups: linear(driver, tiles, 1) };
}

/** Each workgroup computes a block. y counts the blocks of rows of all products. */
function blockedMatmul(
  params: Params<'matmul'>,
  driver: Driver,
  { Factor = 'f32' }: Variant<'matmulWorkgroup'>,
  tile: Variant<'matmulWorkgroup'>,
): Geometry<'matmulWorkgroup'> {
  const block = { ...DEFAULT_BLOCK, ...tile };
  const { rows, columns, products } = matmulProduct(params);
  const tiles = Math.ceil(rows / rowsOf(block)) * products;
  const word: Variant<'matmulWorkgroup'> = loadsWords(params)
    ? { Word: Factor === 'f16' ? 'vec4h' : 'vec4f', TILE_WORD: 4 }
    : { Word: Factor, TILE_WORD: 1 };
  return {
    settings: { ...block, TILE_LOADS: loadsOf(block), ...word },
    workgroups: tables(driver, Math.ceil(columns / columnsOf(block)), tiles),
  };
}

/** Invocations for a row of a head, and the quadruples of columns that each holds: a power of two. */
function headTile({ width, valueWidth }: { width: number; valueWidth: number }): {
  LANES: number;
  ROWS: number;
  TILE_PARTS: number;
} {
  const parts = Math.ceil(Math.max(width, valueWidth) / 4 / HEAD_LANES.LANES);
  return { ...HEAD_LANES, TILE_PARTS: 2 ** Math.ceil(Math.log2(parts)) };
}

const choosers: { readonly [K in Exclude<KernelName, Walking>]: Chooser<K> } & {
  readonly [K in Walking]?: Chooser<K>;
} = {
  adam: fourwise,
  // One workgroup per image.
  augmentImages: ({ count }, driver) => ({
    settings: { WORKGROUP: 64 },
    workgroups: linear(driver, count, 1),
  }),
  argreduce: ({ outputs }, driver) => elementwise({ size: outputs }, driver),
  attention: (params, driver) => {
    const settings = headTile(params);
    const tiles = Math.ceil(params.queries / settings.ROWS) * params.batch;
    return { settings, workgroups: linear(driver, tiles, 1) };
  },
  attentionGradient: (params, driver) => {
    const settings = headTile(params);
    const tiles =
      Math.ceil(params.queries / settings.ROWS) * params.queryBatch +
      Math.ceil(params.keys / settings.ROWS) * params.keyBatch;
    return { settings, workgroups: linear(driver, tiles, 1) };
  },
  averagePoolGradient: ({ tiles }, driver) => elementwise({ size: tiles }, driver),
  batchNorm: ({ rows, inner }, driver) => rowwise(driver, rows, inner),
  batchNormFinish: ({ size }, driver) => ({
    settings: { WORKGROUP: 64 },
    workgroups: linear(driver, size, 64),
  }),
  batchNormGradient: ({ rows, inner }, driver) => rowwise(driver, rows, inner),
  batchNormStatistics: channelwise,
  batchNormSums: channelwise,
  conv2d: (params, driver, variant, tile) => plainProduct(forwardProduct(params, variant), tile, driver),
  conv2dFewTerms: (params, driver, variant) => heldProduct(forwardProduct(params, variant), driver),
  conv2dInputGradient: (params, driver, variant, tile) =>
    plainProduct(inputGradientProduct(params, variant), tile, driver),
  conv2dInputGradientSubgroup: (params, driver, variant, tile) =>
    subgroupProduct(inputGradientProduct(params, variant), tile, driver),
  conv2dSubgroup: (params, driver, variant, tile) =>
    subgroupProduct(forwardProduct(params, variant), tile, driver),
  conv2dWeightGradient: (params, driver, variant, tile) =>
    plainProduct(weightGradientProduct(params, variant), tile, driver),
  conv2dWeightGradientSubgroup: (params, driver, variant, tile) =>
    subgroupProduct(weightGradientProduct(params, variant), tile, driver),
  conv2dInputGradientWorkgroup: (params, driver, _, tile) =>
    blockedProduct(inputGradientWhole(params), tile, driver),
  conv2dWeightGradientWorkgroup: (params, driver, variant, tile) =>
    blockedProduct(weightGradientProduct(params, variant), tile, driver),
  conv2dWorkgroup: (params, driver, variant, tile) =>
    blockedProduct(forwardProduct(params, variant), tile, driver),
  crossEntropy: ({ rows, classes }, driver, { TOTAL = false }) =>
    (TOTAL ? allRows : rowwise)(driver, rows, classes),
  crossEntropyGradient: ({ rows, classes }, driver) => rowwise(driver, rows, classes),
  dropout: ({ size }, driver) => ({
    settings: { WORKGROUP: 64 },
    workgroups: linear(driver, size, 4 * 64),
  }),
  indexOrder: ({ size }, { widest }) => ({
    settings: { WORKGROUP: 32 },
    workgroups: [Math.min(widest, Math.ceil(size / 32)), 1, 1],
    walks: true,
  }),
  layerNorm: ({ rows, length }, driver) => rowwise(driver, rows, length),
  layerNormGradient: ({ rows, length }, driver) => rowwise(driver, rows, length),
  layerNormSums: ({ rows, length, chunk }, driver) => {
    const [x, y] = linear(driver, length, 64);
    return { settings: { WORKGROUP: 64 }, workgroups: [x, y, Math.ceil(rows / chunk)] };
  },
  // Partial sums as in crossEntropy, which sums few rows itself: the same bits.
  lossTotal: () => ({ settings: { LANES: codes.crossEntropy.SUMS }, workgroups: [1, 1, 1] }),
  // Few rows do not fill a large tile.
  matmul: (params, driver, _, { TILE_ROWS = params.m <= 8 ? 8 : 16, WORKGROUP_SIZE = 8 }) =>
    tiledMatmul(params, TILE_ROWS, WORKGROUP_SIZE, driver),
  matmulSubgroup: subgroupMatmul,
  matmulWorkgroup: blockedMatmul,
  norm: ({ size, chunk }, driver) => ({
    settings: { LANES: WORKGROUP },
    workgroups: linear(driver, Math.ceil(size / chunk), 1),
  }),
  maxPoolGradient: ({ tiles }, driver) => elementwise({ size: tiles }, driver),
  random: ({ size }, driver) => ({
    settings: { WORKGROUP: 64 },
    workgroups: linear(driver, size, 4 * 64),
  }),
  reduce: ({ outputs, length, chunk }, driver) => {
    // With many sums, or short ones, one invocation computes a sum. With few, neighbours share a row.
    const terms = Math.min(chunk, length);
    const many = outputs * Math.ceil(length / chunk) >= (terms < 64 ? 64 : 1024);
    const LANES = many ? 1 : lanesFor(terms);
    const OUTPUTS = rowsFor(LANES);
    const [columns, rows] = linear(driver, outputs, OUTPUTS);
    return {
      settings: { LANES, OUTPUTS },
      workgroups: [columns, Math.ceil(length / chunk), rows],
    };
  },
  reluGradientSums: ({ rows, columns, chunk }, driver) => {
    const settings = columnLanes(driver.software);
    const [x, z] = linear(driver, columns, settings.COLUMNS);
    return { settings, workgroups: [x, Math.ceil(rows / chunk), z] };
  },
  // Two elements a word.
  roundToHalf: ({ size }, driver) => elementwise({ size: Math.ceil(size / 2) }, driver),
  // Only sums may be cut: the product of a part may overflow where the whole row's does not.
  scan: ({ rows, length }, driver, { SCALED = false }) => rowwise(driver, rows, SCALED ? 1 : length),
  softmax: ({ rows, length }, driver) => rowwise(driver, rows, length),
  tally: () => ({ settings: { LANES: 64 }, workgroups: [1, 1, 1] }),
  updateScale: () => ({ settings: { WORKGROUP: 1 }, workgroups: [1, 1, 1] }),
};

/**
 * The geometry of a launch: a pure function of the launch and of the kind of driver, so equal launches on one adapter have the
 * same order of sums.
 *
 * @param tile constants that `tuning/` chose; this function chooses those that are left out
 * @param software whether the driver runs on the processor, where barriers are slow and few invocations keep it busy
 * @param widest the most workgroups of one dimension
 * @throws KernelError for a launch that no grid can hold
 */
export function geometryOf<K extends KernelName>(
  kernel: K,
  params: Params<K>,
  variant: Variant<K>,
  tile: Variant<K>,
  software: boolean,
  widest: number = WIDEST,
): Geometry<K> {
  const choose = choosers[kernel] as Chooser<K> | undefined;
  const driver = { software, widest };
  const geometry = choose
    ? choose(params, driver, variant, tile)
    : elementwise(params as { size: number }, driver);
  const [x, y, z] = geometry.workgroups;
  // A size that is no number passes: the check of the parameters names it.
  if (!(x > widest || y > widest || z > widest)) return geometry;
  throw new KernelError(
    `${kernel}: a grid of ${x} × ${y} × ${z} workgroups is larger than ${widest} in one dimension. Split the tensor.`,
  );
}
