import { eachRow, type Twin } from './twin.ts';

export const copy: Twin<'copy'> = ({ x, out }, { xOffset, outOffset, shape, xStrides, outStrides }) => {
  const length = shape[3];
  const [, , , xStep] = xStrides;
  const [, , , outStep] = outStrides;
  eachRow(shape, xStrides, outStrides, (_, xStart, outStart) => {
    let xAt = xOffset + xStart;
    let outAt = outOffset + outStart;
    for (let i = 0; i < length; i++, xAt += xStep, outAt += outStep) out[outAt] = x[xAt]!;
  });
};
