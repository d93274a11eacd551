import { inHeap } from './heap.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Columns of a task, and the cost of an element in multiplications of a product. */
const TASK_COLUMNS = 64;
const COST = 8;

export const reluGradientSums: SimdTwin<'reluGradientSums'> = (
  module,
  { y, gradient, out, sums },
  params,
) => {
  if (!fits(y, gradient, out, sums)) return false;
  const { rows, columns, chunk, yOffset, gradientOffset, sumsOffset } = params;
  const tasks = Math.ceil(rows / chunk) * Math.ceil(columns / TASK_COLUMNS);
  const fields = {
    y: address(y, yOffset),
    gradient: address(gradient, gradientOffset),
    out: address(out),
    sums: address(sums, sumsOffset),
    rows,
    columns,
    chunk,
    taskColumns: TASK_COLUMNS,
  };
  module.run('reluGradient', fields, { tasks, work: COST * rows * columns });
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
