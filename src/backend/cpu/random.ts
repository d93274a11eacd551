import { multiplyHigh, philox4x32 } from '../philox.ts';
import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

export const random: Twin<'random'> = ({ out }, params, { FORM = codes.random.UNIFORM }) => {
  const { size, seedLow, seedHigh, streamLow, streamHigh, center, low, range } = params;
  const scale = Math.fround(params.scale);
  for (let block = 0; block * 4 < size; block++) {
    const words = philox4x32([block, 0, streamLow, streamHigh], [seedLow, seedHigh]);
    for (let lane = 0; lane < 4 && block * 4 + lane < size; lane++) {
      const word = words[lane]!;
      out[block * 4 + lane] =
        FORM === codes.random.INTEGERS
          ? low + multiplyHigh(word, range)
          : Math.fround(((word >>> 8) - center) * scale);
    }
  }
};
