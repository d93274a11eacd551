import { WgradError } from '../errors.ts';
import { maximum } from './softmax.ts';
import type { Twin } from './twin.ts';

export const crossEntropy: Twin<'crossEntropy'> = ({ x, labels, loss, normaliser }, params) => {
  const { rows, classes, offset, targetOffset, targetStride } = params;
  for (let row = 0; row < rows; row++) {
    const start = offset + row * classes;
    const label = labels[targetOffset + row * targetStride]!;
    if (label < 0 || label >= classes) {
      throw new WgradError(
        `crossEntropy: takes targets from 0 to ${classes - 1}, got ${label} in row ${row}`,
      );
    }
    const greatest = maximum(x, start, classes, 1);
    let total = 0;
    for (let j = 0; j < classes; j++) total += Math.exp(x[start + j]! - greatest);
    normaliser[2 * row] = greatest;
    normaliser[2 * row + 1] = Math.log(total);
    loss[row] = greatest - x[start + label]! + Math.log(total);
  }
};

export const crossEntropyGradient: Twin<'crossEntropyGradient'> = (
  { x, labels, normaliser, gradient, out },
  { size, classes, offset, targetOffset, targetStride, gradientOffset, gradientStride },
) => {
  for (let index = 0; index < size; index++) {
    const row = Math.floor(index / classes);
    const isTarget = labels[targetOffset + row * targetStride] === index % classes;
    const probability = Math.exp(x[offset + index]! - normaliser[2 * row]! - normaliser[2 * row + 1]!);
    out[index] = gradient[gradientOffset + row * gradientStride]! * (probability - Number(isTarget));
  }
};
