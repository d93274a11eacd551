import { type FloatArray, matmul } from './matmul.ts';
import type { Twin } from './twin.ts';

/** The product, then bias and relu on it. */
export const matmulEpilogue: Twin<'matmul'> = (buffers, params, { BIAS = false, RELU = false }) => {
  const { a, b, bias, out } = buffers as Record<keyof typeof buffers, FloatArray>;
  const { m, n, batch, biasOffset, outOffset } = params;
  matmul({ a, b, out: out.subarray(outOffset) }, params);
  if (!BIAS && !RELU) return;
  for (let row = 0; row < batch * m; row++) {
    for (let column = 0; column < n; column++) {
      const at = outOffset + row * n + column;
      const sum = out[at]! + (BIAS ? bias[biasOffset + column]! : 0);
      out[at] = RELU && sum < 0 ? 0 : sum;
    }
  }
};
