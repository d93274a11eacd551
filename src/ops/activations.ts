// Activation functions, element by element.

import { codes } from '../backend/signatures.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { onesLike, zerosLike } from '../tensor/create.ts';
import { oneOf, REAL, takesPair, TENSOR, takesTensor } from '../tensor/kinds.ts';
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
  takesTensor('relu', arguments);
  if (x.dtype === 'int32') return x.maximum(0);
  return unary('relu', c.RELU, x, 'input', (g, saved) => g.reluGradient(saved));
}

/** The gradient of relu in one pass: g if x > 0 or x is NaN, otherwise 0. It is linear in g and constant in x. */
export function reluGradient(g: Tensor, x: Tensor): Tensor {
  takesPair('reluGradient', arguments);
  return binary('reluGradient', codes.binary.RELU_GRADIENT, g, x, true, (gg, _, kept) => [
    () => gg.reluGradient(kept),
    () => zerosLike(gg),
  ]);
}

const leakyReluArguments = signature<{ negativeSlope?: number }>(
  'leakyRelu',
  { x: TENSOR },
  { negativeSlope: REAL },
);

/**
 * x if x ≥ 0, otherwise negativeSlope · x, element by element. NaN stays.
 *
 * @param negativeSlope defaults to 0.01
 */
export function leakyRelu(
  x: Tensor,
  ...options: [negativeSlope?: Maybe<number>] | [options: { negativeSlope?: Maybe<number> }]
): Tensor {
  const { negativeSlope = 0.01 } = leakyReluArguments([x, ...options]);
  const gradient = (g: Tensor, saved: Tensor): Tensor =>
    chained(SLOPES.LEAKY_RELU_GRADIENT, g, saved, zerosLike, negativeSlope);
  return unary('leakyRelu', c.LEAKY_RELU, x, 'input', gradient, { alpha: negativeSlope });
}

/** How `gelu` is computed. */
export type GeluForm = 'none' | 'tanh';

const geluArguments = signature<{ approximate?: GeluForm }>(
  'gelu',
  { x: TENSOR },
  { approximate: oneOf('none', 'tanh') },
);

/**
 * x · Φ(x), element by element, or its approximation by tanh. Φ is the distribution function of the normal
 * distribution.
 *
 *     none  y = x/2 (1 + erf(x/√2)),                dy/dx = Φ(x) + x φ(x)
 *     tanh  y = x/2 (1 + tanh u),  u = √(2/π) (x + 0.044715 x³)
 *
 * Source: Hendrycks, Gimpel: Gaussian Error Linear Units (2016).
 *
 * @param approximate `none` (default) or `tanh`
 */
export function gelu(
  x: Tensor,
  ...options: [options?: { approximate?: Maybe<GeluForm> }] | [approximate?: Maybe<GeluForm>]
): Tensor {
  const { approximate } = geluArguments([x, ...options]);
  if (approximate === 'tanh') return unary('gelu', c.GELU_TANH, x, 'input', geluTanhGradient);
  return unary('gelu', c.GELU, x, 'input', geluGradient);
}

/** The gradients of activations that are computed in one pass. */
const SLOPES = codes.binary;

/**
 * g · f'(x) in one pass.
 *
 * @param curvature f''(x)
 */
function chained(
  code: number,
  g: Tensor,
  x: Tensor,
  curvature: (x: Tensor) => Tensor,
  alpha?: number,
): Tensor {
  return binary(
    'activationGradient',
    code,
    g,
    x,
    true,
    (gg, first, kept) => [
      () => chained(code, gg, kept, curvature, alpha),
      () => gg.mul(first).mul(curvature(kept)),
    ],
    alpha,
  );
}

function geluGradient(g: Tensor, x: Tensor): Tensor {
  return chained(SLOPES.GELU_GRADIENT, g, x, (kept) => {
    const square = kept.square();
    const density = square
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return density.mul(square.neg().add(2));
  });
}

function geluTanhGradient(g: Tensor, x: Tensor): Tensor {
  // x σ(v) is the function, with v = 2u.
  return chained(SLOPES.GELU_TANH_GRADIENT, g, x, (kept) => {
    const scale = 2 * Math.sqrt(2 / Math.PI);
    const square = kept.square();
    const v = square.mul(0.044715).add(1).mul(kept).mul(scale);
    const slope = square
      .mul(3 * 0.044715)
      .add(1)
      .mul(scale);
    return gatedCurvature(kept, v, slope).add(
      gate(v)
        .mul(square)
        .mul(6 * 0.044715 * scale),
    );
  });
}

/** σ(v) (1 - σ(v)) */
function gate(v: Tensor): Tensor {
  const s = v.sigmoid();
  return s.sub(s.square());
}

/** The second derivative of x σ(v) for a v whose slope is constant: σ' v' (2 + x (1 - 2 σ) v') */
function gatedCurvature(x: Tensor, v: Tensor, slope: Tensor): Tensor {
  const bent = x.mul(v.sigmoid().mul(-2).add(1)).mul(slope).add(2);
  return gate(v).mul(slope).mul(bent);
}

/**
 * 1 / (1 + e^(-x)), element by element.
 *
 * dσ / dx = y (1 - y)
 */
export function sigmoid(x: Tensor): Tensor {
  takesTensor('sigmoid', arguments);
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
  takesTensor('silu', arguments);
  return unary('silu', c.SILU, x, 'input', (g, saved) =>
    chained(SLOPES.SILU_GRADIENT, g, saved, (kept) => gatedCurvature(kept, kept, onesLike(kept))),
  );
}

const softplusArguments = signature<{ beta?: number; threshold?: number }>(
  'softplus',
  { x: TENSOR },
  { beta: REAL, threshold: REAL },
);

/**
 * log(1 + e^(βx)) / β, element by element: a smooth relu. If βx exceeds the threshold, the result is x.
 *
 *     dy / dx = σ(βx), and 1 beyond the threshold
 *
 * @param beta defaults to 1
 * @param threshold defaults to 20
 */
export function softplus(
  x: Tensor,
  ...options:
    | [options?: { beta?: Maybe<number>; threshold?: Maybe<number> }]
    | [beta?: Maybe<number>, threshold?: Maybe<number>]
): Tensor {
  const { beta = 1, threshold = 20 } = softplusArguments([x, ...options]);
  const gradient = (g: Tensor, saved: Tensor): Tensor => {
    const scaled = beta === 1 ? saved : saved.mul(beta);
    const slope = g.mul(scaled.sigmoid());
    return threshold === Infinity ? slope : g.where(scaled.gt(threshold), slope);
  };
  return unary('softplus', c.SOFTPLUS, x, 'input', gradient, { alpha: beta, beta: threshold });
}

/**
 * The hyperbolic tangent, element by element.
 *
 * d tanh x / dx = 1 - y²
 */
export function tanh(x: Tensor): Tensor {
  takesTensor('tanh', arguments);
  return unary('tanh', c.TANH, x, 'output', (g, y) => g.sub(g.mul(y.square())));
}
