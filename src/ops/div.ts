import { codes } from '../backend/signatures.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';

/**
 * a / b, element by element, with broadcasting; int32 operands give float32, as in PyTorch.
 *
 * ∂/∂a = 1 / b, ∂/∂b = -a / b²
 */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (a.dtype === 'int32' && (typeof b === 'number' || b.dtype === 'int32')) {
    return scope(() => a.to('float32').div(b));
  }
  return binary(
    'div',
    codes.binary.DIV,
    a,
    b,
    (g, x, y) => [() => g.div(y), () => g.mul(x).div(y.square()).neg()],
    true,
  );
}
