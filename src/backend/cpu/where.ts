import type { Twin } from './twin.ts';

export const where: Twin<'where'> = ({ condition, a, b, out }, params) => {
  const { shape, conditionStrides, conditionOffset, aStrides, aOffset, bStrides, bOffset } = params;
  let index = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) {
        const at = (strides: readonly [number, number, number]): number =>
          i * strides[0] + j * strides[1] + k * strides[2];
        out[index++] = condition[conditionOffset + at(conditionStrides)]
          ? a[aOffset + at(aStrides)]!
          : b[bOffset + at(bStrides)]!;
      }
    }
  }
};
