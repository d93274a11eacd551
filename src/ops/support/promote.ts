import { type DType, isFloating } from '../../backend/dtypes.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { scalarLike } from './scalar.ts';

const order: Readonly<Record<DType, number>> = {
  uint8: NaN,
  float16: NaN,
  bool: 0,
  int32: 1,
  float32: 2,
  float64: 2,
};

/**
 * Runs `body` on both operands in the dtype of their result, by PyTorch's rule: bool becomes int32 or floating if the
 * other operand is, int32 becomes floating if the other operand is. A number counts as int32 if it is an integer of that
 * range, otherwise as floating; beside a floating tensor it takes the tensor's dtype. float32 and float64 do not mix.
 */
export function withPromoted<T>(a: Tensor, b: Tensor | number, body: (left: Tensor, right: Tensor) => T): T {
  if (typeof b === 'number') {
    const dtype = dtypeWith(b, a.dtype);
    if (dtype === a.dtype) return body(a, scalarLike(b, a));
    return withPromoted(a, scalarLike(b, { dtype, device: a.device }), body);
  }
  const [left, right] = [raised(a, b.dtype), raised(b, a.dtype)];
  try {
    return body(left, right);
  } finally {
    if (left !== a) left.dispose();
    if (right !== b) right.dispose();
  }
}

/** Whether elements are integers to calculate with, or truth values. */
export function isWholeNumber(dtype: DType): boolean {
  return dtype === 'int32' || dtype === 'bool';
}

/** The dtype of a number beside a tensor. */
function dtypeWith(value: number, dtype: DType): DType {
  if (!isWholeNumber(dtype)) return dtype;
  return value === (value | 0) ? 'int32' : 'float32';
}

/** x in the wider of its dtype and another, if there is one. */
export function raised(x: Tensor, to: DType): Tensor {
  return order[x.dtype] < order[to] && (isFloating(to) || to === 'int32') ? x.to(to) : x;
}

/** The widest of some dtypes. */
export function widest(dtypes: readonly DType[]): DType {
  return dtypes.reduce((wide, dtype) => (order[wide] < order[dtype] ? dtype : wide));
}
