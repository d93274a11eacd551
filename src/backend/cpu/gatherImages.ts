import type { Twin } from './twin.ts';

export const gatherImages: Twin<'gatherImages'> = (
  { images, rows, out },
  { size, pixels, start, scale, shift },
) => {
  for (let element = 0; element < size; element++) {
    const row = rows[start + Math.floor(element / pixels)]!;
    out[element] = images[row * pixels + (element % pixels)]! * scale + shift;
  }
};
