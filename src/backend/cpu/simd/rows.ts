import { inHeap } from './heap.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

export const reluGradientSums: SimdTwin<'reluGradientSums'> = (
  module,
  { y, gradient, out, sums },
  params,
) => {
  if (!fits(y, gradient, out, sums)) return false;
  const { rows, columns, chunk, yOffset, gradientOffset, sumsOffset } = params;
  for (let first = 0, part = 0; first < rows; first += chunk, part++) {
    module.exports.reluGradientRows(
      address(y, yOffset + first * columns),
      address(gradient, gradientOffset + first * columns),
      address(out, first * columns),
      address(sums, sumsOffset + part * columns),
      Math.min(chunk, rows - first),
      columns,
    );
  }
  return true;
};

export const gatherImages: SimdTwin<'gatherImages'> = (module, buffers, params) => {
  const { images, rows, labels, out, batchLabels } = buffers;
  const { size, pixels, start, center, scale } = params;
  if (!fits(out) || !(images instanceof Uint8Array) || !inHeap(images)) return false;
  for (let image = 0; image * pixels < size; image++) {
    const row = rows[start + image]!;
    batchLabels[image] = labels[row]!;
    const from = images.byteOffset + row * pixels;
    module.exports.normaliseBytes(from, pixels, center, scale, address(out, image * pixels));
  }
  return true;
};
