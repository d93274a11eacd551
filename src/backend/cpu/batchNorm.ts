import type { TypedArray } from '../dtypes.ts';
import type { Twin } from './twin.ts';

/** The runs of adjacent elements, as [start, end), that contain a channel's elements `first` to `last` - 1. */
function* runsOf(
  channel: number,
  { channels, inner }: { channels: number; inner: number },
  first: number,
  last: number,
): Generator<readonly [number, number]> {
  for (let position = first; position < last;) {
    const row = Math.floor(position / inner);
    const next = Math.min((row + 1) * inner, last);
    const shift = (row * channels + channel - row) * inner;
    yield [position + shift, next + shift];
    position = next;
  }
}

export const batchNormStatistics: Twin<'batchNormStatistics'> = ({ x, partials, batches }, params) => {
  const { channels, count, chunk, offset, batchesOffset } = params;
  let slot = 0;
  for (let first = 0; first < count; first += chunk) {
    const last = Math.min(first + chunk, count);
    for (let channel = 0; channel < channels; channel++) {
      let total = 0;
      for (const [from, to] of runsOf(channel, params, first, last)) {
        for (let at = from; at < to; at++) total += x[offset + at]!;
      }
      const mean = total / (last - first);
      let square = 0;
      for (const [from, to] of runsOf(channel, params, first, last)) {
        for (let at = from; at < to; at++) square += (x[offset + at]! - mean) ** 2;
      }
      partials[slot++] = mean;
      partials[slot++] = square;
    }
  }
  batches[batchesOffset]!++;
};

export const batchNormFinish: Twin<'batchNormFinish'> = (
  { partials, batches, stats, runningMean, runningVar },
  { size, parts, count, chunk, momentum, eps, meanOffset, varOffset, batchesOffset },
) => {
  const rate = momentum < 0 ? 1 / batches[batchesOffset]! : momentum;
  const approach = (array: TypedArray, at: number, value: number): void => {
    array[at] = array[at]! + rate * (value - array[at]!);
  };
  for (let channel = 0; channel < size; channel++) {
    let mean = partials[2 * channel]!;
    let square = partials[2 * channel + 1]!;
    for (let part = 1; part < parts; part++) {
      const slot = 2 * (part * size + channel);
      const seen = part * chunk;
      const all = Math.min(seen + chunk, count);
      const share = (all - seen) / all;
      const delta = partials[slot]! - mean;
      mean += delta * share;
      square += partials[slot + 1]! + delta * delta * seen * share;
    }
    stats[channel] = mean;
    stats[size + channel] = 1 / Math.sqrt(square / count + eps);
    approach(runningMean, meanOffset + channel, mean);
    approach(runningVar, varOffset + channel, square / (count - 1));
  }
};

export const batchNorm: Twin<'batchNorm'> = ({ x, mean, spread, weight, bias, out }, params, variant) => {
  const { channels, inner, offset, meanOffset, spreadOffset, weightOffset, biasOffset, eps } = params;
  const { VARIANCE = false, WEIGHTED = true, BIASED = true } = variant;
  for (let at = 0, row = 0; at < out.length; row++) {
    const channel = row % channels;
    const given = spread[spreadOffset + channel]!;
    const scale = VARIANCE ? 1 / Math.sqrt(given + eps) : given;
    const slope = WEIGHTED ? scale * weight[weightOffset + channel]! : scale;
    const shift = BIASED ? bias[biasOffset + channel]! : 0;
    const center = mean[meanOffset + channel]!;
    for (let place = 0; place < inner; place++, at++) out[at] = (x[offset + at]! - center) * slope + shift;
  }
};

export const batchNormSums: Twin<'batchNormSums'> = ({ x, gradient, stats, partials }, params) => {
  const { channels, count, chunk, offset, gradientOffset } = params;
  for (let first = 0, slot = 0; first < count; first += chunk, slot += 2 * channels) {
    const last = Math.min(first + chunk, count);
    for (let channel = 0; channel < channels; channel++) {
      const [mean, scale] = [stats[channel]!, stats[channels + channel]!];
      let [total, product] = [0, 0];
      for (const [from, to] of runsOf(channel, params, first, last)) {
        for (let at = from; at < to; at++) {
          const g = gradient[gradientOffset + at]!;
          total += g;
          product += g * (x[offset + at]! - mean) * scale;
        }
      }
      partials[slot + channel] = total;
      partials[slot + channels + channel] = product;
    }
  }
};

export const batchNormGradient: Twin<'batchNormGradient'> = (
  { x, gradient, stats, sums, weight, out },
  { channels, inner, count, offset, gradientOffset, weightOffset },
  { WEIGHTED = true },
) => {
  for (let at = 0, row = 0; at < out.length; row++) {
    const channel = row % channels;
    const [mean, scale] = [stats[channel]!, stats[channels + channel]!];
    const average = sums[channel]! / count;
    const tilt = (scale * sums[channels + channel]!) / count;
    const slope = WEIGHTED ? scale * weight[weightOffset + channel]! : scale;
    for (let place = 0; place < inner; place++, at++) {
      out[at] = slope * (gradient[gradientOffset + at]! - average - (x[offset + at]! - mean) * tilt);
    }
  }
};
