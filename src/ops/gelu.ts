import { codes } from '../backend/signatures.ts';
import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * x · Φ(x), element by element, Φ being the normal distribution function; or its approximation by tanh.
 *
 *     none  y = x/2 (1 + erf(x/√2)),                dy/dx = Φ(x) + x φ(x)
 *     tanh  y = x/2 (1 + tanh u),  u = √(2/π) (x + 0.044715 x³)
 *
 * Source: Hendrycks, Gimpel: Gaussian Error Linear Units (2016).
 *
 * @param options.approximate `none` (default) or `tanh`
 */
export function gelu(x: Tensor, options: { approximate?: 'none' | 'tanh' } = {}): Tensor {
  const { approximate = 'none' } = options;
  switch (approximate) {
    case 'none':
      return unary('gelu', codes.unary.GELU, x, { saves: 'input', gradient: exactGradient });
    case 'tanh':
      return unary('gelu', codes.unary.GELU_TANH, x, { saves: 'input', gradient: tanhGradient });
    default:
      throw new ArgumentError('gelu', 'no such approximation', {
        takes: "'none' or 'tanh'",
        got: String(approximate),
      });
  }
}

function exactGradient(g: Tensor, x: Tensor): Tensor {
  const cumulative = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
  const density = x
    .square()
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI));
  return g.mul(cumulative.add(x.mul(density)));
}

function tanhGradient(g: Tensor, x: Tensor): Tensor {
  const scale = Math.sqrt(2 / Math.PI);
  const t = x.add(x.pow(3).mul(0.044715)).mul(scale).tanh();
  const slope = x
    .square()
    .mul(3 * 0.044715)
    .add(1)
    .mul(scale);
  const tail = x.mul(t.square().neg().add(1)).mul(slope);
  return g.mul(t.add(1).add(tail).mul(0.5));
}
