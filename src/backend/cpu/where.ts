import type { Twin } from './twin.ts';

export const where: Twin<'where'> = ({ condition, a, b, out }, params) => {
  const { shape, conditionStrides, conditionOffset, aStrides, aOffset, bStrides, bOffset } = params;
  const [planes, rows, length] = shape;
  const [testPlane, testRow, testStep] = conditionStrides;
  const [aPlane, aRow, aStep] = aStrides;
  const [bPlane, bRow, bStep] = bStrides;
  let index = 0;
  for (let i = 0; i < planes; i++) {
    for (let j = 0; j < rows; j++) {
      let test = conditionOffset + i * testPlane + j * testRow;
      let aAt = aOffset + i * aPlane + j * aRow;
      let bAt = bOffset + i * bPlane + j * bRow;
      for (const end = index + length; index < end; index++, test += testStep, aAt += aStep, bAt += bStep) {
        out[index] = condition[test] ? a[aAt]! : b[bAt]!;
      }
    }
  }
};
