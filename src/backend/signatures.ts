// Written by `npm run signatures` from kernels/*.wgsl; `npm run typecheck` fails if it is out of date.

/** Vectors among a kernel's parameters. */
export type Vec2 = readonly [number, number];
export type Vec3 = readonly [number, number, number];
export type Vec4 = readonly [number, number, number, number];

/** WGSL element types that a kernel's alias can have. */
export type Element = 'f32' | 'i32' | 'u32' | 'f16' | 'vec4f' | 'vec4h';

/** The buffers, parameters and settings of each kernel. */
export interface Signatures {
  accumulate: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; xOffset: number; outOffset: number };
    variant: { WORKGROUP: number };
  };
  adam: {
    buffers: { gradients: 'read'; parameters: 'write'; mean: 'write'; variance: 'write'; counts: 'read' };
    params: { size: number; offset: number; sign: number; oneMinusBeta1: number; beta2: number; oneMinusBeta2: number; eps: number; weightDecay: number; shrink: number; stepSize: number; rootCorrection2: number; step: number; logBeta1: number; logBeta2: number };
    variant: { WORKGROUP: number; GUARDED: boolean };
  };
  argreduce: {
    buffers: { x: 'read'; out: 'write' };
    params: { outputs: number; length: number; inner: number; offset: number };
    variant: { WORKGROUP: number; OPERATION: number; FLOATING: boolean; Element: Element };
  };
  attention: {
    buffers: { q: 'read'; k: 'read'; v: 'read'; mask: 'read'; out: 'write'; stats: 'write' };
    params: { qStrides: Vec4; kStrides: Vec4; vStrides: Vec4; maskStrides: Vec4; outStrides: Vec4; batch: number; inner: number; queries: number; keys: number; width: number; valueWidth: number; scale: number; qOffset: number; kOffset: number; vOffset: number; maskOffset: number };
    variant: { LANES: number; ROWS: number; FORM: number; TILE_PARTS: number; TILE_KEYS: number };
  };
  attentionGradient: {
    buffers: { q: 'read'; k: 'read'; v: 'read'; mask: 'read'; out: 'read'; stats: 'read'; gradient: 'read'; gradients: 'write' };
    params: { qStrides: Vec4; kStrides: Vec4; vStrides: Vec4; maskStrides: Vec4; outStrides: Vec4; gradientStrides: Vec4; dqStrides: Vec4; dkStrides: Vec4; dvStrides: Vec4; queryBatch: number; keyBatch: number; inner: number; queries: number; keys: number; width: number; valueWidth: number; scale: number; qOffset: number; kOffset: number; vOffset: number; maskOffset: number; gradientOffset: number; dkOffset: number; dvOffset: number };
    variant: { LANES: number; ROWS: number; FORM: number; TILE_PARTS: number; TILE_ROWS: number };
  };
  augmentImages: {
    buffers: { images: 'read'; rows: 'read'; labels: 'read'; out: 'write'; batchLabels: 'write' };
    params: { count: number; width: number; height: number; start: number; seedLow: number; seedHigh: number; stream: number; flip: number; shift: number; erase: number; eraseLeast: number; eraseMost: number; center: number; scale: number };
    variant: { WORKGROUP: number };
  };
  averagePool: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number; HEIGHT: number; WIDTH: number; OUT_HEIGHT: number; OUT_WIDTH: number; WINDOW_HEIGHT: number; WINDOW_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; ADAPTIVE: boolean; COUNT_PADDING: boolean; DIVISOR: number };
  };
  averagePoolGradient: {
    buffers: { gradient: 'read'; out: 'write' };
    params: { tiles: number; offset: number };
    variant: { WORKGROUP: number; HEIGHT: number; WIDTH: number; OUT_HEIGHT: number; OUT_WIDTH: number; WINDOW_HEIGHT: number; WINDOW_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; ADAPTIVE: boolean; COUNT_PADDING: boolean; DIVISOR: number; REACH_Y: number; REACH_X: number; TILE_HEIGHT: number; TILE_WIDTH: number };
  };
  batchNorm: {
    buffers: { x: 'read'; mean: 'read'; spread: 'read'; weight: 'read'; bias: 'read'; out: 'write' };
    params: { rows: number; channels: number; inner: number; offset: number; meanOffset: number; spreadOffset: number; weightOffset: number; biasOffset: number; eps: number };
    variant: { LANES: number; ROWS: number; VARIANCE: boolean; WEIGHTED: boolean; BIASED: boolean };
  };
  batchNormFinish: {
    buffers: { partials: 'read'; batches: 'read'; stats: 'write'; runningMean: 'write'; runningVar: 'write' };
    params: { size: number; parts: number; count: number; chunk: number; momentum: number; eps: number; meanOffset: number; varOffset: number; batchesOffset: number };
    variant: { WORKGROUP: number };
  };
  batchNormGradient: {
    buffers: { x: 'read'; gradient: 'read'; stats: 'read'; sums: 'read'; weight: 'read'; out: 'write' };
    params: { rows: number; channels: number; inner: number; count: number; offset: number; gradientOffset: number; weightOffset: number };
    variant: { LANES: number; ROWS: number; WEIGHTED: boolean };
  };
  batchNormStatistics: {
    buffers: { x: 'read'; partials: 'write'; batches: 'write' };
    params: { channels: number; inner: number; count: number; chunk: number; offset: number; batchesOffset: number };
    variant: { FAN: number; LANES: number };
  };
  batchNormSums: {
    buffers: { x: 'read'; gradient: 'read'; stats: 'read'; partials: 'write' };
    params: { channels: number; inner: number; count: number; chunk: number; offset: number; gradientOffset: number };
    variant: { FAN: number; LANES: number };
  };
  binary: {
    buffers: { a: 'read'; b: 'read'; out: 'write' };
    params: { size: number; aOffset: number; bOffset: number; alpha: number; shape: Vec4; aStrides: Vec4; bStrides: Vec4 };
    variant: { WORKGROUP: number; RANK: number; OPERATION: number; FLOATING: boolean; Element: Element };
  };
  cast: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number; TO_BOOL: boolean; FLOAT_TO_INTEGER: boolean; From: Element; To: Element };
  };
  clip: {
    buffers: { norm: 'read'; gradients: 'write' };
    params: { size: number; offset: number; maxNorm: number };
    variant: { WORKGROUP: number };
  };
  compare: {
    buffers: { a: 'read'; b: 'read'; out: 'write' };
    params: { size: number; aOffset: number; bOffset: number; shape: Vec4; aStrides: Vec4; bStrides: Vec4 };
    variant: { WORKGROUP: number; RANK: number; OPERATION: number; FLOATING: boolean; Element: Element };
  };
  conv2d: {
    buffers: { input: 'read'; weight: 'read'; bias: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; inputOffset: number; weightOffset: number; biasOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; BIAS: boolean; RELU: boolean; WORKGROUP_SIZE: number; TILE_ROWS: number; Factor: Element };
  };
  conv2dFewTerms: {
    buffers: { input: 'read'; weight: 'read'; bias: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; inputOffset: number; weightOffset: number; biasOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; BIAS: boolean; RELU: boolean; WORKGROUP_SIZE: number; TILE_TERMS: number; TILE_LOAD: number; Factor: Element };
  };
  conv2dInputGradient: {
    buffers: { gradient: 'read'; weight: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; gradientOffset: number; weightOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_SIZE: number; TILE_ROWS: number; Factor: Element };
  };
  conv2dInputGradientSubgroup: {
    buffers: { gradient: 'read'; weight: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; gradientOffset: number; weightOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_SIZE: number; TILE_ROWS: number; TILE_LOAD: number; TILE_STEPS: number; Factor: Element };
  };
  conv2dInputGradientWorkgroup: {
    buffers: { gradient: 'read'; weight: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; gradientOffset: number; weightOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_ROWS: number; WORKGROUP_COLUMNS: number; WORKGROUP_TEAMS: number; TILE_ROWS: number; TILE_COLUMNS: number; TILE_DEPTH: number; TILE_BUFFERS: number; TILE_LOADS: number };
  };
  conv2dSubgroup: {
    buffers: { input: 'read'; weight: 'read'; bias: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; inputOffset: number; weightOffset: number; biasOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; BIAS: boolean; RELU: boolean; WORKGROUP_SIZE: number; TILE_ROWS: number; TILE_LOAD: number; TILE_STEPS: number; Factor: Element };
  };
  conv2dWeightGradient: {
    buffers: { gradient: 'read'; input: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; chunk: number; gradientOffset: number; inputOffset: number; outOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_SIZE: number; TILE_ROWS: number; Factor: Element };
  };
  conv2dWeightGradientSubgroup: {
    buffers: { gradient: 'read'; input: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; chunk: number; gradientOffset: number; inputOffset: number; outOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_SIZE: number; TILE_ROWS: number; TILE_LOAD: number; TILE_STEPS: number; Factor: Element };
  };
  conv2dWeightGradientWorkgroup: {
    buffers: { gradient: 'read'; input: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; chunk: number; gradientOffset: number; inputOffset: number; outOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; WORKGROUP_ROWS: number; WORKGROUP_COLUMNS: number; WORKGROUP_TEAMS: number; TILE_ROWS: number; TILE_COLUMNS: number; TILE_DEPTH: number; TILE_BUFFERS: number; TILE_LOADS: number };
  };
  conv2dWorkgroup: {
    buffers: { input: 'read'; weight: 'read'; bias: 'read'; out: 'write' };
    params: { batch: number; groups: number; channels: number; outChannels: number; height: number; width: number; outHeight: number; outWidth: number; inputOffset: number; weightOffset: number; biasOffset: number };
    variant: { KERNEL_HEIGHT: number; KERNEL_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number; BIAS: boolean; RELU: boolean; WORKGROUP_ROWS: number; WORKGROUP_COLUMNS: number; WORKGROUP_TEAMS: number; TILE_ROWS: number; TILE_COLUMNS: number; TILE_DEPTH: number; TILE_BUFFERS: number; TILE_LOADS: number };
  };
  copy: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; xOffset: number; outOffset: number; shape: Vec4; xStrides: Vec4; outStrides: Vec4 };
    variant: { WORKGROUP: number; RANK: number; Element: Element };
  };
  crossEntropy: {
    buffers: { x: 'read'; labels: 'read'; weight: 'read'; losses: 'write'; rowwise: 'write' };
    params: { rows: number; classes: number; inner: number; offset: number; labelOffset: number; labelStride: number; weightOffset: number; ignoreIndex: number; smoothing: number };
    variant: { LANES: number; ROWS: number; ROUNDS: number; WEIGHTED: boolean; SMOOTHED: boolean; TOTAL: boolean; MEAN: boolean; LOGS: boolean };
  };
  crossEntropyGradient: {
    buffers: { x: 'read'; labels: 'read'; weight: 'read'; rowwise: 'read'; gradient: 'read'; divisor: 'read'; out: 'write' };
    params: { rows: number; classes: number; inner: number; offset: number; labelOffset: number; labelStride: number; gradientOffset: number; gradientStride: number; weightOffset: number; divisorOffset: number; ignoreIndex: number; smoothing: number };
    variant: { LANES: number; ROWS: number; WEIGHTED: boolean; SMOOTHED: boolean; MEAN: boolean; LOGS: boolean };
  };
  dropout: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number; seedLow: number; seedHigh: number; streamLow: number; streamHigh: number; threshold: number; scale: number };
    variant: { WORKGROUP: number };
  };
  fill: {
    buffers: { out: 'write' };
    params: { size: number; value: number };
    variant: { WORKGROUP: number; Element: Element };
  };
  gather: {
    buffers: { x: 'read'; indices: 'read'; out: 'write' };
    params: { size: number; length: number; count: number; inner: number; offset: number; indexOffset: number; outerStride: number; countStride: number; innerStride: number; outside: number };
    variant: { WORKGROUP: number };
  };
  gatherImages: {
    buffers: { images: 'read'; rows: 'read'; labels: 'read'; out: 'write'; batchLabels: 'write' };
    params: { size: number; pixels: number; start: number; center: number; scale: number };
    variant: { WORKGROUP: number };
  };
  indexOrder: {
    buffers: { indices: 'read'; ends: 'write'; order: 'write' };
    params: { size: number; ranges: number; length: number; count: number; inner: number; indexOffset: number; outerStride: number; countStride: number; innerStride: number };
    variant: { WORKGROUP: number };
  };
  layerNorm: {
    buffers: { x: 'read'; weight: 'read'; bias: 'read'; out: 'write'; stats: 'write' };
    params: { rows: number; length: number; offset: number; weightOffset: number; biasOffset: number; eps: number };
    variant: { LANES: number; ROWS: number; WEIGHTED: boolean; BIASED: boolean };
  };
  layerNormGradient: {
    buffers: { x: 'read'; gradient: 'read'; stats: 'read'; weight: 'read'; out: 'write' };
    params: { rows: number; length: number; offset: number; gradientOffset: number; weightOffset: number };
    variant: { LANES: number; ROWS: number; WEIGHTED: boolean };
  };
  layerNormSums: {
    buffers: { x: 'read'; gradient: 'read'; stats: 'read'; partials: 'write' };
    params: { rows: number; length: number; chunk: number; offset: number; gradientOffset: number };
    variant: { WORKGROUP: number };
  };
  lossTotal: {
    buffers: { losses: 'read'; total: 'write' };
    params: { rows: number };
    variant: { LANES: number; MEAN: boolean };
  };
  matmul: {
    buffers: { a: 'read'; b: 'read'; bias: 'read'; out: 'write' };
    params: { m: number; n: number; k: number; batch: number; chunk: number; aOffset: number; aBatchStride: number; aRowStride: number; aColumnStride: number; bOffset: number; bBatchStride: number; bRowStride: number; bColumnStride: number; biasOffset: number; outOffset: number };
    variant: { WORKGROUP_SIZE: number; BIAS: boolean; RELU: boolean; TILE_ROWS: number; Factor: Element };
  };
  matmulSubgroup: {
    buffers: { a: 'read'; b: 'read'; bias: 'read'; out: 'write' };
    params: { m: number; n: number; k: number; batch: number; chunk: number; aOffset: number; aBatchStride: number; aRowStride: number; aColumnStride: number; bOffset: number; bBatchStride: number; bRowStride: number; bColumnStride: number; biasOffset: number; outOffset: number };
    variant: { WORKGROUP_SIZE: number; EVEN: boolean; BIAS: boolean; RELU: boolean; TILE_ROWS: number; TILE_LOAD: number; Factor: Element };
  };
  matmulWorkgroup: {
    buffers: { a: 'read'; b: 'read'; bias: 'read'; out: 'write' };
    params: { m: number; n: number; k: number; batch: number; chunk: number; aOffset: number; aBatchStride: number; aRowStride: number; aColumnStride: number; bOffset: number; bBatchStride: number; bRowStride: number; bColumnStride: number; biasOffset: number; outOffset: number };
    variant: { WORKGROUP_ROWS: number; WORKGROUP_COLUMNS: number; WORKGROUP_TEAMS: number; BIAS: boolean; RELU: boolean; TILE_ROWS: number; TILE_COLUMNS: number; TILE_DEPTH: number; TILE_BUFFERS: number; TILE_LOADS: number; TILE_WORD: number; Factor: Element; Word: Element };
  };
  maxPool: {
    buffers: { x: 'read'; out: 'write'; positions: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number; HEIGHT: number; WIDTH: number; OUT_HEIGHT: number; OUT_WIDTH: number; WINDOW_HEIGHT: number; WINDOW_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; DILATION_Y: number; DILATION_X: number };
  };
  maxPoolGradient: {
    buffers: { gradient: 'read'; positions: 'read'; out: 'write' };
    params: { tiles: number; offset: number };
    variant: { WORKGROUP: number; HEIGHT: number; WIDTH: number; OUT_HEIGHT: number; OUT_WIDTH: number; STRIDE_Y: number; STRIDE_X: number; PADDING_Y: number; PADDING_X: number; REACH_Y: number; REACH_X: number; TILE_HEIGHT: number; TILE_WIDTH: number };
  };
  mergeRuns: {
    buffers: { x: 'read'; order: 'read'; out: 'write' };
    params: { size: number; length: number; keep: number; width: number; offset: number };
    variant: { WORKGROUP: number; FIRST: boolean; DESCENDING: boolean; FLOATING: boolean };
  };
  moments: {
    buffers: { gradients: 'read'; parameters: 'write'; mean: 'write'; variance: 'write'; third: 'write'; counts: 'read' };
    params: { size: number; offset: number; sign: number; lr: number; oneMinusBeta1: number; beta2: number; oneMinusBeta2: number; eps: number; weightDecay: number; shrink: number; step: number; logBeta1: number; logBeta2: number; decay: number; rho: number };
    variant: { WORKGROUP: number; GUARDED: boolean; FORM: number };
  };
  norm: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; chunk: number; offset: number; outOffset: number; power: number; least: number; most: number };
    variant: { LANES: number; FORM: number; TERMS: boolean; ROOT: boolean };
  };
  random: {
    buffers: { out: 'write' };
    params: { size: number; seedLow: number; seedHigh: number; streamLow: number; streamHigh: number; center: number; scale: number; low: number; range: number };
    variant: { WORKGROUP: number; FORM: number };
  };
  reduce: {
    buffers: { x: 'read'; out: 'write' };
    params: { outputs: number; length: number; chunk: number; offset: number; outOffset: number; keptSize: number; reducedSize: number; keptStrides: Vec2; reducedStrides: Vec2 };
    variant: { LANES: number; OUTPUTS: number; OPERATION: number; FLOATING: boolean; Element: Element };
  };
  reluGradientSums: {
    buffers: { y: 'read'; gradient: 'read'; out: 'write'; sums: 'write' };
    params: { rows: number; columns: number; chunk: number; yOffset: number; gradientOffset: number; sumsOffset: number };
    variant: { COLUMNS: number; LANES: number };
  };
  rmsprop: {
    buffers: { gradients: 'read'; parameters: 'write'; squares: 'write'; means: 'write'; velocity: 'write'; counts: 'read' };
    params: { size: number; offset: number; sign: number; lr: number; alpha: number; oneMinusAlpha: number; eps: number; weightDecay: number; momentum: number };
    variant: { WORKGROUP: number; GUARDED: boolean; CENTERED: boolean };
  };
  roundToHalf: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number };
  };
  scan: {
    buffers: { a: 'read'; x: 'read'; out: 'write' };
    params: { rows: number; length: number; inner: number; aOffset: number; xOffset: number; initial: number };
    variant: { LANES: number; ROWS: number; SCALED: boolean; SHIFTED: boolean; REVERSE: boolean; Element: Element };
  };
  scatterAdd: {
    buffers: { x: 'read'; indices: 'read'; out: 'write' };
    params: { size: number; length: number; count: number; inner: number; offset: number; indexOffset: number; outerStride: number; countStride: number; innerStride: number };
    variant: { WORKGROUP: number };
  };
  scatterAddOrdered: {
    buffers: { x: 'read'; ends: 'read'; order: 'read'; out: 'write' };
    params: { size: number; length: number; count: number; inner: number; offset: number };
    variant: { WORKGROUP: number; SHARED: boolean };
  };
  scatterFold: {
    buffers: { base: 'read'; x: 'read'; ends: 'read'; order: 'read'; out: 'write' };
    params: { size: number; length: number; count: number; inner: number; baseOffset: number; offset: number; indexOffset: number; outerStride: number; countStride: number; innerStride: number };
    variant: { WORKGROUP: number; OPERATION: number; FLOATING: boolean; INCLUDED: boolean; SHARED: boolean; BY_PLACE: boolean; Element: Element };
  };
  sgd: {
    buffers: { gradients: 'read'; parameters: 'write'; velocity: 'write'; counts: 'read' };
    params: { size: number; offset: number; sign: number; lr: number; momentum: number; dampening: number; weightDecay: number; step: number; nesterov: number };
    variant: { WORKGROUP: number; GUARDED: boolean };
  };
  softmax: {
    buffers: { x: 'read'; out: 'write' };
    params: { rows: number; length: number; inner: number; offset: number };
    variant: { LANES: number; ROWS: number; LOGARITHM: boolean };
  };
  tally: {
    buffers: { x: 'read'; labels: 'read'; loss: 'read'; cells: 'write' };
    params: { rows: number; classes: number; offset: number; labelOffset: number; labelStride: number; lossOffset: number; lossAt: number; hitsAt: number };
    variant: { LANES: number };
  };
  unary: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number; alpha: number; beta: number; shape: Vec4; strides: Vec4 };
    variant: { WORKGROUP: number; RANK: number; OPERATION: number };
  };
  unpackBytes: {
    buffers: { x: 'read'; out: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number; TO_BOOL: boolean; To: Element };
  };
  unscale: {
    buffers: { scale: 'read'; gradients: 'write'; counts: 'write' };
    params: { size: number; offset: number };
    variant: { WORKGROUP: number };
  };
  updateScale: {
    buffers: { scale: 'write'; counts: 'write' };
    params: { growth: number; backoff: number; interval: number };
    variant: { WORKGROUP: number };
  };
  where: {
    buffers: { condition: 'read'; a: 'read'; b: 'read'; out: 'write' };
    params: { shape: Vec3; size: number; conditionStrides: Vec3; conditionOffset: number; aStrides: Vec3; aOffset: number; bStrides: Vec3; bOffset: number };
    variant: { WORKGROUP: number };
  };
}

/** The named values that kernels declare. `codes.binary.ADD` is the value of OPERATION for a sum. */
export const codes = {
  argreduce: { MAX: 0, MIN: 1 },
  attention: { PLAIN: 0, CAUSAL: 1, CHOSEN: 2, ADDED: 3 },
  attentionGradient: { PLAIN: 0, CAUSAL: 1, CHOSEN: 2, ADDED: 3 },
  augmentImages: { DOMAIN: 1635084141 },
  binary: { ADD: 0, SUB: 1, MUL: 2, DIV: 3, POW: 4, MAXIMUM: 5, MINIMUM: 6, RELU_GRADIENT: 7, ATAN2: 8, GELU_GRADIENT: 9, GELU_TANH_GRADIENT: 10, SILU_GRADIENT: 11, LEAKY_RELU_GRADIENT: 12, CROSS_ENTROPY: 13, REMAINDER: 14, FLOOR_DIVIDE: 15 },
  compare: { EQ: 0, NE: 1, LT: 2, LE: 3, GT: 4, GE: 5 },
  crossEntropy: { SUMS: 64 },
  moments: { AMSGRAD: 0, NADAM: 1, RADAM: 2, ADAGRAD: 3, LION: 4 },
  norm: { EUCLIDEAN: 0, ABSOLUTE: 1, GREATEST: 2, POWER: 3 },
  random: { UNIFORM: 0, INTEGERS: 1 },
  reduce: { SUM: 0, MAX: 1, MIN: 2, PROD: 3 },
  scatterFold: { LAST: 0, PROD: 1, MAX: 2, MIN: 3 },
  unary: { NEG: 0, ABS: 1, EXP: 2, LOG: 3, SQRT: 4, RSQRT: 5, RECIPROCAL: 6, SQUARE: 7, SIN: 8, COS: 9, TANH: 10, SIGMOID: 11, RELU: 12, LEAKY_RELU: 13, GELU: 14, GELU_TANH: 15, SILU: 16, SOFTPLUS: 17, CLAMP: 18, SIGN: 19, FLOOR: 20, ERF: 21, CEIL: 22, TRUNC: 23, ROUND: 24, LOG1P: 25, EXPM1: 26 },
} as const;

/** The buffers that each kernel writes. */
export const outputs: Readonly<Record<keyof Signatures, readonly string[]>> = {
  accumulate: ['out'],
  adam: ['parameters', 'mean', 'variance'],
  argreduce: ['out'],
  attention: ['out', 'stats'],
  attentionGradient: ['gradients'],
  augmentImages: ['out', 'batchLabels'],
  averagePool: ['out'],
  averagePoolGradient: ['out'],
  batchNorm: ['out'],
  batchNormFinish: ['stats', 'runningMean', 'runningVar'],
  batchNormGradient: ['out'],
  batchNormStatistics: ['partials', 'batches'],
  batchNormSums: ['partials'],
  binary: ['out'],
  cast: ['out'],
  clip: ['gradients'],
  compare: ['out'],
  conv2d: ['out'],
  conv2dFewTerms: ['out'],
  conv2dInputGradient: ['out'],
  conv2dInputGradientSubgroup: ['out'],
  conv2dInputGradientWorkgroup: ['out'],
  conv2dSubgroup: ['out'],
  conv2dWeightGradient: ['out'],
  conv2dWeightGradientSubgroup: ['out'],
  conv2dWeightGradientWorkgroup: ['out'],
  conv2dWorkgroup: ['out'],
  copy: ['out'],
  crossEntropy: ['losses', 'rowwise'],
  crossEntropyGradient: ['out'],
  dropout: ['out'],
  fill: ['out'],
  gather: ['out'],
  gatherImages: ['out', 'batchLabels'],
  indexOrder: ['ends', 'order'],
  layerNorm: ['out', 'stats'],
  layerNormGradient: ['out'],
  layerNormSums: ['partials'],
  lossTotal: ['total'],
  matmul: ['out'],
  matmulSubgroup: ['out'],
  matmulWorkgroup: ['out'],
  maxPool: ['out', 'positions'],
  maxPoolGradient: ['out'],
  mergeRuns: ['out'],
  moments: ['parameters', 'mean', 'variance', 'third'],
  norm: ['out'],
  random: ['out'],
  reduce: ['out'],
  reluGradientSums: ['out', 'sums'],
  rmsprop: ['parameters', 'squares', 'means', 'velocity'],
  roundToHalf: ['out'],
  scan: ['out'],
  scatterAdd: ['out'],
  scatterAddOrdered: ['out'],
  scatterFold: ['out'],
  sgd: ['parameters', 'velocity'],
  softmax: ['out'],
  tally: ['cells'],
  unary: ['out'],
  unpackBytes: ['out'],
  unscale: ['gradients', 'counts'],
  updateScale: ['scale', 'counts'],
  where: ['out'],
};
