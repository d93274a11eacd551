import { codes } from '../../signatures.ts';
import { binary } from './elementwise.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Euclidean norms. Parts whose sum of squares is no float32 number are left to the plain twin. */
export const norm: SimdTwin<'norm'> = (
  module,
  { x, out },
  { size, chunk, offset, outOffset },
  { FORM = codes.norm.EUCLIDEAN, TERMS = true, ROOT = true },
) => {
  const parts = Math.ceil(size / chunk);
  if (FORM !== codes.norm.EUCLIDEAN || !TERMS || (ROOT && parts > 1) || !fits(x, out)) return false;
  const fields = { x: address(x, offset), out: address(out, outOffset), size, chunk, root: Number(ROOT) };
  module.run('squares', fields, { tasks: parts, work: size });
  if (ROOT) return true;
  for (let part = 0; part < parts; part++) if (out[outOffset + 3 * part] === Infinity) return false;
  return true;
};

export const clip: SimdTwin<'clip'> = (module, { norm: total, gradients }, { size, offset, maxNorm }) => {
  if (!fits(gradients)) return false;
  const scale = maxNorm / (total[0]! + 1e-6);
  if (scale >= 1) return true;
  const factor = module.floats(module.take(4), 1);
  factor[0] = scale;
  const shape = [1, 1, 1, size] as const;
  const params = {
    size,
    aOffset: offset,
    bOffset: 0,
    alpha: 0,
    shape,
    aStrides: [0, 0, 0, 1],
    bStrides: [0, 0, 0, 0],
  } as const;
  return binary(module, { a: gradients, b: factor, out: gradients.subarray(offset, offset + size) }, params, {
    OPERATION: codes.binary.MUL,
  });
};
