// Launches of batch norm. The plain twins handle runs shorter than SHORT.

import type { TypedArray } from '../../dtypes.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

const SHORT = 16;
/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 8;

export const batchNormStatistics: SimdTwin<'batchNormStatistics'> = (module, buffers, params) => {
  const { x, partials, batches } = buffers;
  if (params.inner < SHORT || !fits(x, partials)) return false;
  const arrays = { x: address(x, params.offset), gradient: 0, out: address(partials), constants: 0 };
  runParts(module, 'batchNormStatistics', arrays, params);
  batches[params.batchesOffset]!++;
  return true;
};

export const batchNormSums: SimdTwin<'batchNormSums'> = (module, buffers, params) => {
  const { x, gradient, stats, partials } = buffers;
  if (params.inner < SHORT || !fits(x, gradient, stats, partials)) return false;
  const arrays = {
    ...{ x: address(x, params.offset), gradient: address(gradient, params.gradientOffset) },
    ...{ out: address(partials), constants: address(stats) },
  };
  runParts(module, 'batchNormSums', arrays, params);
  return true;
};

export const batchNorm: SimdTwin<'batchNorm'> = (module, buffers, params, variant) => {
  const { x, mean, spread, weight, bias, out } = buffers;
  const { inner, offset, meanOffset, spreadOffset, weightOffset, biasOffset, eps } = params;
  const { VARIANCE = false, WEIGHTED = true, BIASED = true } = variant;
  if (inner < SHORT || !fits(x, out)) return false;
  const constants = (channel: number): Constants => {
    const given = spread[spreadOffset + channel]!;
    const scale = VARIANCE ? 1 / Math.sqrt(given + eps) : given;
    const slope = WEIGHTED ? scale * weight[weightOffset + channel]! : scale;
    return [mean[meanOffset + channel]!, slope, BIASED ? bias[biasOffset + channel]! : 0, 0];
  };
  runPlanes(module, 'batchNorm', { x: address(x, offset), gradient: 0, out }, params, constants);
  return true;
};

export const batchNormGradient: SimdTwin<'batchNormGradient'> = (module, buffers, params, variant) => {
  const { x, gradient, stats, sums, weight, out } = buffers;
  const { channels, inner, count, offset, gradientOffset, weightOffset } = params;
  const { WEIGHTED = true } = variant;
  if (inner < SHORT || !fits(x, gradient, out)) return false;
  const constants = (channel: number): Constants => {
    const scale = stats[channels + channel]!;
    const tilt = (scale * sums[channels + channel]!) / count;
    const slope = WEIGHTED ? scale * weight[weightOffset + channel]! : scale;
    return [stats[channel]!, tilt, sums[channel]! / count, slope];
  };
  const arrays = { x: address(x, offset), gradient: address(gradient, gradientOffset), out };
  runPlanes(module, 'batchNormGradient', arrays, params, constants);
  return true;
};

/** One task per part of each channel. */
function runParts(
  module: SimdModule,
  kind: 'batchNormStatistics' | 'batchNormSums',
  places: Record<'x' | 'gradient' | 'out' | 'constants', number>,
  params: Record<'channels' | 'inner' | 'count' | 'chunk', number>,
): void {
  const { channels, count, chunk } = params;
  module.run(
    kind,
    { ...params, ...places, planes: 0, taskPlanes: 0 },
    {
      tasks: Math.ceil(count / chunk) * channels,
      work: COST * count * channels,
    },
  );
}

/** Four numbers per channel: see kernels/wasm/batchNorm.ts. */
type Constants = readonly [number, number, number, number];

function runPlanes(
  module: SimdModule,
  kind: 'batchNorm' | 'batchNormGradient',
  { x, gradient, out }: { x: number; gradient: number; out: TypedArray },
  { channels, inner }: Record<'channels' | 'inner', number>,
  constants: (channel: number) => Constants,
): void {
  const planes = out.length / inner;
  const taskPlanes = Math.max(1, Math.floor(TASK / inner));
  const table = module.floats(module.take(16 * channels), 4 * channels);
  for (let channel = 0; channel < channels; channel++) table.set(constants(channel), 4 * channel);
  const places = { x, gradient, out: address(out), constants: address(table) };
  module.run(
    kind,
    { ...places, channels, inner, count: 0, chunk: 0, planes, taskPlanes },
    {
      tasks: Math.ceil(planes / taskPlanes),
      work: COST * out.length,
    },
  );
}
