// Elements that a mask, or their place in a matrix, selects.

import { signature } from '../tensor/arguments.ts';
import { arange } from '../tensor/create.ts';
import { ShapeError } from '../tensor/errors.ts';
import { INTEGER, NUMBER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { scalarLike } from './support/scalar.ts';
import { where } from './where.ts';

const maskedFillArguments = signature('maskedFill', { x: TENSOR, mask: TENSOR, value: NUMBER });

/**
 * x with one value where the mask is true, with broadcasting. A bool x stays one; an int32 x becomes float32 by a value that int32
 * does not hold.
 *
 * @param mask bool
 * @example
 * scores.maskedFill(mask, -Infinity).softmax(-1);
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  maskedFillArguments(arguments);
  return where(mask, x.dtype === 'bool' ? scalarLike(Number(value !== 0), x) : value, x);
}

const trilArguments = signature<{ diagonal?: number }>('tril', { x: TENSOR }, { diagonal: INTEGER });
const triuArguments = signature<{ diagonal?: number }>('triu', { x: TENSOR }, { diagonal: INTEGER });

type DiagonalArguments = [diagonal?: number | null] | [options: { diagonal?: number | null }];

/**
 * The lower triangle of matrices: 0 above a diagonal.
 *
 * @param diagonal 0 is the main diagonal; positive ones are above it
 * @example
 * ones(3, 3).tril(); // ones on and below the diagonal
 */
export function tril(x: Tensor, ...options: DiagonalArguments): Tensor {
  const { diagonal = 0 } = trilArguments([x, ...options]);
  return scope(() => kept(x, besideDiagonal('tril', x, diagonal, 'ge')));
}

/**
 * The upper triangle of matrices: 0 below a diagonal.
 *
 * @param diagonal 0 is the main diagonal; positive ones are above it
 */
export function triu(x: Tensor, ...options: DiagonalArguments): Tensor {
  const { diagonal = 0 } = triuArguments([x, ...options]);
  return scope(() => kept(x, besideDiagonal('triu', x, diagonal, 'le')));
}

/** x where a mask is true, and 0 elsewhere, in the dtype of x. */
function kept(x: Tensor, mask: Tensor): Tensor {
  return x.dtype === 'bool' ? x.logicalAnd(mask) : where(mask, x, 0);
}

/** Where the column that a diagonal has in a row is at least (`ge`), or at most (`le`), that of the element. */
function besideDiagonal(name: string, x: Tensor, diagonal: number, relation: 'ge' | 'le'): Tensor {
  if (x.ndim < 2) {
    throw new ShapeError(name, 'not a matrix', { takes: 'at least two dims', got: describe(x) });
  }
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const options = { dtype: 'int32', device: x.device } as const;
  // Beyond the corners nothing changes.
  const offset = Math.max(-rows, Math.min(diagonal, columns));
  return arange(rows, options).add(offset).unsqueeze(1)[relation](arange(columns, options));
}
