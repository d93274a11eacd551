import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './elementwise.ts';

/**
 * a / b, element by element, with broadcasting; int32 operands give float32, as in PyTorch.
 *
 * ∂/∂a = 1 / b, ∂/∂b = -a / b²
 */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (a.dtype === 'int32') return a.to('float32').div(typeof b === 'number' ? b : b.to('float32'));
  return binary(
    'div',
    codes.binary.DIV,
    a,
    b,
    (g, x, y) => [() => g.div(y), () => g.mul(x).div(y.square()).neg()],
    true,
  );
}
