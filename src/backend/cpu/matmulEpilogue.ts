import type { Params, Variant } from '../backend.ts';
import { type FloatArray, matmul } from './matmul.ts';
import type { Twin } from './twin.ts';

/** The product, followed by bias and relu. */
export const matmulEpilogue: Twin<'matmul'> = (buffers, params, variant) => {
  const { a, b, bias, out } = buffers as Record<keyof typeof buffers, FloatArray>;
  matmul({ a, b, out: out.subarray(params.outOffset) }, params);
  addEpilogue({ bias, out }, params, variant);
};

/** Adds bias and relu to a product. */
function addEpilogue(
  { bias, out }: Record<'bias' | 'out', FloatArray>,
  { m, n, batch, biasOffset, outOffset }: Params<'matmul'>,
  { BIAS = false, RELU = false }: Variant<'matmul'>,
): void {
  if (!BIAS && !RELU) return;
  for (let row = 0; row < batch * m; row++) {
    for (let column = 0; column < n; column++) {
      const at = outOffset + row * n + column;
      const sum = out[at]! + (BIAS ? bias[biasOffset + column]! : 0);
      out[at] = RELU && sum < 0 ? 0 : sum;
    }
  }
}
