import type { Twin } from './twin.ts';

export const layerNorm: Twin<'layerNorm'> = ({ x, weight, bias, out, stats }, params, variant) => {
  const { rows, length, offset, weightOffset, biasOffset, eps } = params;
  const { WEIGHTED = true, BIASED = true } = variant;
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    let total = 0;
    for (let j = 0; j < length; j++) total += x[offset + start + j]!;
    const mean = total / length;
    let squares = 0;
    for (let j = 0; j < length; j++) squares += (x[offset + start + j]! - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / length + eps);
    stats[2 * row] = mean;
    stats[2 * row + 1] = scale;
    for (let j = 0; j < length; j++) {
      const slope = WEIGHTED ? scale * weight[weightOffset + j]! : scale;
      out[start + j] = (x[offset + start + j]! - mean) * slope + (BIASED ? bias[biasOffset + j]! : 0);
    }
  }
};

export const layerNormGradient: Twin<'layerNormGradient'> = (
  { x, gradient, stats, weight, out },
  { rows, length, offset, gradientOffset, weightOffset },
  { WEIGHTED = true },
) => {
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    const [mean, scale] = [stats[2 * row]!, stats[2 * row + 1]!];
    let [total, product] = [0, 0];
    for (let j = 0; j < length; j++) {
      const slope = gradient[gradientOffset + start + j]! * (WEIGHTED ? weight[weightOffset + j]! : 1);
      total += slope;
      product += slope * ((x[offset + start + j]! - mean) * scale);
    }
    for (let j = 0; j < length; j++) {
      const slope = gradient[gradientOffset + start + j]! * (WEIGHTED ? weight[weightOffset + j]! : 1);
      const normal = (x[offset + start + j]! - mean) * scale;
      out[start + j] = scale * (slope - total / length - (normal * product) / length);
    }
  }
};

export const layerNormSums: Twin<'layerNormSums'> = (
  { x, gradient, stats, partials },
  { rows, length, chunk, offset, gradientOffset },
) => {
  for (let first = 0, slot = 0; first < rows; first += chunk, slot += 2 * length) {
    const last = Math.min(first + chunk, rows);
    for (let column = 0; column < length; column++) {
      let [total, product] = [0, 0];
      for (let row = first; row < last; row++) {
        const at = row * length + column;
        const g = gradient[gradientOffset + at]!;
        total += g;
        product += g * (x[offset + at]! - stats[2 * row]!) * stats[2 * row + 1]!;
      }
      partials[slot + column] = total;
      partials[slot + length + column] = product;
    }
  }
};
