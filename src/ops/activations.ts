// Activation functions, element by element.

import { codes } from '../backend/signatures.ts';
import { zerosLike } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary, unary } from './support/elementwise.ts';

const c = codes.unary;

/**
 * max(x, 0), element by element. NaN stays. The gradient at 0 is 0.
 *
 * @example
 * tensor([-1, 2]).relu(); // 0, 2
 */
export function relu(x: Tensor): Tensor {
  if (x.dtype === 'int32') return x.maximum(0);
  return unary('relu', c.RELU, x, 'input', (g, saved) => g.reluGradient(saved));
}

/** The gradient of relu in one pass: g if x > 0 or x is NaN, otherwise 0. It is linear in g and constant in x. */
export function reluGradient(g: Tensor, x: Tensor): Tensor {
  return binary('reluGradient', codes.binary.RELU_GRADIENT, g, x, true, (gg, _, kept) => [
    () => gg.reluGradient(kept),
    () => zerosLike(gg),
  ]);
}

/**
 * x if x ≥ 0, otherwise negativeSlope · x, element by element. NaN stays.
 *
 * @param negativeSlope defaults to 0.01
 */
export function leakyRelu(x: Tensor, negativeSlope: number = 0.01): Tensor {
  const gradient = (g: Tensor, saved: Tensor): Tensor => {
    const positive = saved.gt(0).to(g.dtype);
    return g.mul(positive.mul(1 - negativeSlope).add(negativeSlope));
  };
  return unary('leakyRelu', c.LEAKY_RELU, x, 'input', gradient, { alpha: negativeSlope });
}

/**
 * x · Φ(x), element by element, or its approximation by tanh. Φ is the distribution function of the normal
 * distribution.
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
      return unary('gelu', c.GELU, x, 'input', geluGradient);
    case 'tanh':
      return unary('gelu', c.GELU_TANH, x, 'input', geluTanhGradient);
    default:
      throw new ArgumentError('gelu', 'unknown approximation', {
        takes: "'none' or 'tanh'",
        got: String(approximate),
      });
  }
}

function geluGradient(g: Tensor, x: Tensor): Tensor {
  const cumulative = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
  const exponential = x.square().mul(-0.5).exp();
  const density = exponential.mul(1 / Math.sqrt(2 * Math.PI));
  return g.mul(cumulative.add(x.mul(density)));
}

function geluTanhGradient(g: Tensor, x: Tensor): Tensor {
  const scale = Math.sqrt(2 / Math.PI);
  const t = x.add(x.pow(3).mul(0.044715)).mul(scale).tanh();
  const cubic = x.square().mul(3 * 0.044715);
  const slope = cubic.add(1).mul(scale);
  const tail = x.mul(t.square().neg().add(1)).mul(slope);
  return g.mul(t.add(1).add(tail).mul(0.5));
}

/**
 * 1 / (1 + e^(-x)), element by element.
 *
 * dσ / dx = y (1 - y)
 */
export function sigmoid(x: Tensor): Tensor {
  return unary('sigmoid', c.SIGMOID, x, 'output', (g, y) => g.mul(y.sub(y.square())));
}

/**
 * x · σ(x), element by element, also called swish.
 *
 * dy / dx = σ(x) + x σ(x) (1 - σ(x))
 *
 * Source: Elfwing, Uchibe, Doya: Sigmoid-weighted linear units (2017).
 */
export function silu(x: Tensor): Tensor {
  return unary('silu', c.SILU, x, 'input', (g, saved) => {
    const s = saved.sigmoid();
    return g.mul(s.add(saved.mul(s.sub(s.square()))));
  });
}

/**
 * log(1 + e^(βx)) / β, element by element: a smooth relu. If βx exceeds the threshold, the result is x.
 *
 *     dy / dx = σ(βx), and 1 beyond the threshold
 *
 * @param options.beta defaults to 1
 * @param options.threshold defaults to 20
 */
export function softplus(x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor {
  const { beta = 1, threshold = 20 } = options;
  const gradient = (g: Tensor, saved: Tensor): Tensor => {
    const scaled = saved.mul(beta);
    return g.where(scaled.gt(threshold), g.mul(scaled.sigmoid()));
  };
  return unary('softplus', c.SOFTPLUS, x, 'input', gradient, { alpha: beta, beta: threshold });
}

/**
 * The hyperbolic tangent, element by element.
 *
 * d tanh x / dx = 1 - y²
 */
export function tanh(x: Tensor): Tensor {
  return unary('tanh', c.TANH, x, 'output', (g, y) => g.sub(g.mul(y.square())));
}
