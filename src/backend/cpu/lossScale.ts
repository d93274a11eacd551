import type { Twin } from './twin.ts';

export const unscale: Twin<'unscale'> = ({ scale, gradients, counts }, { size, offset }) => {
  const inverse = 1 / scale[0]!;
  for (let at = offset; at < offset + size; at++) {
    const gradient = gradients[at]!;
    if (!Number.isFinite(gradient)) counts[0] = 1;
    gradients[at] = gradient * inverse;
  }
};

export const updateScale: Twin<'updateScale'> = ({ scale, counts }, { growth, backoff, interval }) => {
  const grown = Math.fround(scale[0]! * growth);
  if (counts[0] !== 0) {
    scale[0] = scale[0]! * backoff;
    counts.set([0, 0, counts[2]! + 1]);
  } else if (counts[1]! + 1 < interval) {
    counts[1] = counts[1]! + 1;
  } else {
    counts[1] = 0;
    if (Number.isFinite(grown)) scale[0] = grown;
  }
};
