import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { INTEGER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { where } from './where.ts';

const takes = signature<{ paddingIdx?: number }>(
  'embedding',
  { input: TENSOR, weight: TENSOR },
  { paddingIdx: INTEGER },
);

/**
 * The rows of a table at given positions.
 *
 *     out[…, :] = weight[input[…], :]
 *
 * @param input int32 […]
 * @param weight [count, size]
 * @param paddingIdx a row that receives no gradient; a negative one counts from the end
 * @returns […, size]
 * @throws ShapeError unless the weight is a matrix
 * @throws ArgumentError if it has no row `paddingIdx`
 * @example
 * nn.functional.embedding(tensor([[1, 2]], { dtype: 'int32' }), weight); // [1, 2, size]
 */
export function embedding(
  input: Tensor,
  weight: Tensor,
  ...options: [paddingIdx?: Maybe<number>] | [options: { paddingIdx?: Maybe<number> }]
): Tensor {
  const { paddingIdx } = takes([input, weight, ...options]);
  if (weight.ndim !== 2) {
    throw new ShapeError('embedding', 'not a table', {
      takes: 'weight [count, size]',
      got: describe(weight),
    });
  }
  const [count, size] = weight.shape as [number, number];
  const padding = paddingIdx === undefined ? undefined : rowOf('embedding', paddingIdx, count);
  return scope(() => {
    const rows = weight.indexSelect(0, input.flatten()).reshape([...input.shape, size]);
    if (padding === undefined || !rows.requiresGrad) return rows;
    return where(input.eq(padding).unsqueeze(-1), rows.detach(), rows);
  });
}

/** The position of the row that `paddingIdx` names. */
export function rowOf(name: string, paddingIdx: number, count: number): number {
  const row = paddingIdx < 0 ? paddingIdx + count : paddingIdx;
  if (row >= 0 && row < count) return row;
  throw new ArgumentError(name, 'invalid paddingIdx', {
    takes: `a row of ${count}`,
    got: `paddingIdx ${paddingIdx}`,
  });
}
