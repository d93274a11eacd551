import type { Twin } from './twin.ts';

export const tally: Twin<'tally'> = ({ x, labels, loss, cells }, params) => {
  const { rows, classes, offset, labelOffset, labelStride, lossOffset, lossAt, hitsAt } = params;
  let hits = 0;
  for (let row = 0; row < rows; row++) {
    const start = offset + row * classes;
    let best = x[start]!;
    let position = 0;
    for (let j = 1; j < classes && !Number.isNaN(best); j++) {
      const candidate = x[start + j]!;
      if (candidate > best || Number.isNaN(candidate)) [best, position] = [candidate, j];
    }
    if (labels[labelOffset + row * labelStride] === position) hits++;
  }
  cells[lossAt] = loss[lossOffset]!;
  cells[hitsAt] = cells[hitsAt]! + hits;
};
