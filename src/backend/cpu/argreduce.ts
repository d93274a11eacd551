import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

export const argreduce: Twin<'argreduce'> = (
  { x, out },
  { outputs, length, inner, offset },
  { OPERATION = 0 },
) => {
  const sign = OPERATION === codes.argreduce.MAX ? 1 : -1;
  for (let output = 0; output < outputs; output++) {
    const start = offset + Math.floor(output / inner) * length * inner + (output % inner);
    let best = sign * x[start]!;
    let position = 0;
    for (let r = 1, at = start + inner; r < length && !Number.isNaN(best); r++, at += inner) {
      const candidate = sign * x[at]!;
      if (candidate > best || Number.isNaN(candidate)) {
        best = candidate;
        position = r;
      }
    }
    out[output] = position;
  }
};
