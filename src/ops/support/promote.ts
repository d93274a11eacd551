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
 * other operand is; int32 becomes floating if the other operand is, or is a number with a fraction. float32 and float64
 * do not mix.
 */
export function withPromoted<T>(a: Tensor, b: Tensor | number, body: (left: Tensor, right: Tensor) => T): T {
  if (typeof b === 'number') {
    if (a.dtype !== 'int32' || Number.isInteger(b)) return body(a, scalarLike(b, a));
    return withPromoted(a, scalarLike(b, { dtype: 'float32', device: a.device }), body);
  }
  const [left, right] = [raised(a, b.dtype), raised(b, a.dtype)];
  try {
    return body(left, right);
  } finally {
    if (left !== a) left.dispose();
    if (right !== b) right.dispose();
  }
}

function raised(x: Tensor, to: DType): Tensor {
  return order[x.dtype] < order[to] && (isFloating(to) || to === 'int32') ? x.to(to) : x;
}
