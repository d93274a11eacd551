import { codes } from '../../signatures.ts';
import { clipFactor } from '../norm.ts';
import { scale } from './elementwise.ts';
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
  const factor = clipFactor(total[0]!, maxNorm);
  return factor >= 1 || scale(module, gradients, offset, size, factor);
};
