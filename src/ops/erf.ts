import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * The error function 2/√π ∫₀ˣ e^(-t²) dt, element by element; within 1.5e-7 in float32.
 *
 * d erf x / dx = 2/√π e^(-x²)
 */
export function erf(x: Tensor): Tensor {
  return unary('erf', codes.unary.ERF, x, {
    saves: 'input',
    gradient: (g, saved) => g.mul(saved.square().neg().exp()).mul(2 / Math.sqrt(Math.PI)),
  });
}
