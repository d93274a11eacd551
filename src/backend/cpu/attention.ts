import { codes, type Vec4 } from '../signatures.ts';
import type { TypedArray } from '../dtypes.ts';
import type { Twin } from './twin.ts';

const { PLAIN, CAUSAL, CHOSEN, ADDED } = codes.attention;

export const attention: Twin<'attention'> = ({ q, k, v, mask, out, stats }, params, variant) => {
  const { batch, inner, queries, keys, width, valueWidth, scale } = params;
  const { FORM = PLAIN } = variant;
  const scores = new Float64Array(keys);
  const sums = new Float64Array(valueWidth);
  for (let z = 0; z < batch; z++) {
    for (let i = 0; i < queries; i++) {
      const limit = FORM === CAUSAL ? Math.min(keys, i + 1) : keys;
      const query = params.qOffset + rowAt(params.qStrides, z, inner, i);
      const masks = params.maskOffset + rowAt(params.maskStrides, z, inner, i);
      let greatest = -Infinity;
      for (let j = 0; j < limit; j++) {
        const at = params.kOffset + rowAt(params.kStrides, z, inner, j);
        const score = scale * dot(q, query, params.qStrides[3], k, at, params.kStrides[3], width);
        scores[j] = masked(score, FORM, mask, masks + j * params.maskStrides[3]);
        greatest = Math.max(greatest, scores[j]!);
      }
      sums.fill(0);
      let total = 0;
      for (let j = 0; j < limit; j++) {
        const weight = Math.exp(scores[j]! - greatest);
        total += weight;
        const at = params.vOffset + rowAt(params.vStrides, z, inner, j);
        for (let c = 0; c < valueWidth; c++) sums[c]! += weight * v[at + c * params.vStrides[3]]!;
      }
      const place = rowAt(params.outStrides, z, inner, i);
      for (let c = 0; c < valueWidth; c++) out[place + c * params.outStrides[3]] = sums[c]! / total;
      stats[2 * (z * queries + i)] = greatest;
      stats[2 * (z * queries + i) + 1] = total;
    }
  }
};

export const attentionGradient: Twin<'attentionGradient'> = (buffers, params, variant) => {
  const { q, k, v, mask, out, stats, gradient, gradients } = buffers;
  const { inner, queries, keys, width, valueWidth, scale } = params;
  const { FORM = PLAIN } = variant;
  const { queryBatch, keyBatch, dkOffset, dvOffset } = params;
  const batch = Math.max(queryBatch, keyBatch);
  for (let z = 0; z < batch; z++) {
    const dq = new Float64Array(queries * width);
    const dk = new Float64Array(keys * width);
    const dv = new Float64Array(keys * valueWidth);
    for (let i = 0; i < queries; i++) {
      const query = params.qOffset + rowAt(params.qStrides, z, inner, i);
      const slope = params.gradientOffset + rowAt(params.gradientStrides, z, inner, i);
      const masks = params.maskOffset + rowAt(params.maskStrides, z, inner, i);
      const [step, slopeStep] = [params.qStrides[3], params.gradientStrides[3]];
      const result = rowAt(params.outStrides, z, inner, i);
      const term = dot(gradient, slope, slopeStep, out, result, params.outStrides[3], valueWidth);
      const [greatest, total] = [stats[2 * (z * queries + i)]!, stats[2 * (z * queries + i) + 1]!];
      const limit = FORM === CAUSAL ? Math.min(keys, i + 1) : keys;
      for (let j = 0; j < limit; j++) {
        const key = params.kOffset + rowAt(params.kStrides, z, inner, j);
        const value = params.vOffset + rowAt(params.vStrides, z, inner, j);
        const place = masks + j * params.maskStrides[3];
        const score = scale * dot(q, query, step, k, key, params.kStrides[3], width);
        const weight = Math.exp(masked(score, FORM, mask, place) - greatest) / total;
        const product = dot(gradient, slope, slopeStep, v, value, params.vStrides[3], valueWidth);
        const change = FORM === CHOSEN && mask[place] === 0 ? 0 : scale * weight * (product - term);
        for (let c = 0; c < width; c++) {
          dq[i * width + c]! += change * k[key + c * params.kStrides[3]]!;
          dk[j * width + c]! += change * q[query + c * step]!;
        }
        for (let c = 0; c < valueWidth; c++) {
          dv[j * valueWidth + c]! += weight * gradient[slope + c * slopeStep]!;
        }
      }
    }
    if (queryBatch > 0) place(gradients, 0, params.dqStrides, z, inner, dq, width);
    if (keyBatch === 0) continue;
    place(gradients, dkOffset, params.dkStrides, z, inner, dk, width);
    place(gradients, dvOffset, params.dvStrides, z, inner, dv, valueWidth);
  }
};

function rowAt([outer, step, row]: Vec4, z: number, inner: number, index: number): number {
  return Math.floor(z / inner) * outer + (z % inner) * step + index * row;
}

function masked(score: number, form: number, mask: TypedArray, at: number): number {
  if (form === CHOSEN) return mask[at] === 0 ? -Infinity : score;
  return form === ADDED ? score + mask[at]! : score;
}

function dot(
  a: TypedArray,
  p: number,
  s: number,
  b: TypedArray,
  q: number,
  t: number,
  length: number,
): number {
  let sum = 0;
  for (let c = 0; c < length; c++) sum += a[p + c * s]! * b[q + c * t]!;
  return sum;
}

/** Rows of a batch, in their layout. */
function place(
  to: TypedArray,
  offset: number,
  strides: Vec4,
  z: number,
  inner: number,
  values: Float64Array,
  width: number,
): void {
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / width);
    to[offset + rowAt(strides, z, inner, row) + (at - row * width) * strides[3]] = values[at]!;
  }
}
