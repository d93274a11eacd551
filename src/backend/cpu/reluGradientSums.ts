import type { Twin } from './twin.ts';

export const reluGradientSums: Twin<'reluGradientSums'> = ({ y, gradient, out, sums }, params) => {
  const { rows, columns, chunk, yOffset, gradientOffset, sumsOffset } = params;
  for (let first = 0, part = 0; first < rows; first += chunk, part++) {
    const last = Math.min(first + chunk, rows);
    for (let column = 0; column < columns; column++) {
      let total = 0;
      for (let row = first; row < last; row++) {
        const at = row * columns + column;
        const output = y[yOffset + at]!;
        const passed = output > 0 || Number.isNaN(output) ? gradient[gradientOffset + at]! : 0;
        out[at] = passed;
        total += passed;
      }
      sums[sumsOffset + part * columns + column] = total;
    }
  }
};
