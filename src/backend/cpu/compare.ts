import { codes } from '../signatures.ts';
import { eachRow, type Twin } from './twin.ts';

type Relation = (a: number, b: number) => boolean;

const c = codes.compare;
const relations: { readonly [code: number]: Relation } = {
  [c.EQ]: (a, b) => a === b,
  [c.NE]: (a, b) => a !== b,
  [c.LT]: (a, b) => a < b,
  [c.LE]: (a, b) => a <= b,
  [c.GT]: (a, b) => a > b,
  [c.GE]: (a, b) => a >= b,
};

export const compare: Twin<'compare'> = ({ a, b, out }, params, { OPERATION = 0 }) => {
  const holds = relations[OPERATION]!;
  const { aOffset, bOffset, shape, aStrides, bStrides } = params;
  const length = shape[3];
  eachRow(shape, aStrides, bStrides, (index, aStart, bStart) => {
    for (let i = 0; i < length; i++) {
      out[index + i] = holds(a[aOffset + aStart + i * aStrides[3]]!, b[bOffset + bStart + i * bStrides[3]]!)
        ? 1
        : 0;
    }
  });
};
