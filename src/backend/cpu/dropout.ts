import { philox4x32 } from '../philox.ts';
import type { Twin } from './twin.ts';

export const dropout: Twin<'dropout'> = ({ x, out }, params) => {
  const { size, offset, seedLow, seedHigh, streamLow, streamHigh, threshold, scale } = params;
  for (let first = 0; first < size; first += 4) {
    const words = philox4x32([first / 4, 0, streamLow, streamHigh], [seedLow, seedHigh]);
    for (let index = first; index < Math.min(first + 4, size); index++) {
      const factor = words[index - first]! >>> 8 < threshold ? 0 : scale;
      out[index] = x[offset + index]! * factor;
    }
  }
};
