import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty, zeros } from '../tensor/create.ts';
import { DIMS, REAL, TENSOR } from '../tensor/kinds.ts';
import { ShapeError } from '../tensor/errors.ts';
import { isGradEnabled } from '../tensor/gradientMode.ts';
import { formatShape, sameShape, type Shape, sizeOf, stridesOf } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { foldParts } from './support/reduction.ts';

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Of the normalised shape: the factor of each element. Default 1. */
  weight?: Maybe<Tensor>;
  /** Of the normalised shape: added to each element. Default 0. */
  bias?: Maybe<Tensor>;
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
}

/** The optional arguments of `layerNorm`: in this order, or the last of them by name. */
export type LayerNormArguments =
  | [options?: Maybe<LayerNormOptions>]
  | [weight: Maybe<Tensor>, bias?: Maybe<Tensor>, eps?: Maybe<number>]
  | [weight: Maybe<Tensor>, bias: Maybe<Tensor>, options: Pick<LayerNormOptions, 'eps'>];

const takes = signature<{ weight?: Tensor; bias?: Tensor; eps?: number }>(
  'layerNorm',
  { input: TENSOR, normalizedShape: DIMS },
  { weight: TENSOR, bias: TENSOR, eps: REAL },
);

/**
 * Normalises the last dims of each sample to mean 0 and variance 1, then scales and shifts their elements.
 *
 *     y = (x - mean) / √(var + eps) · weight + bias,   var = Σ (x - mean)² / n
 *     ∂/∂x = (h - mean(h) - x̂ mean(h x̂)) / √(var + eps),   h = g · weight,   x̂ = (x - mean) / √(var + eps)
 *
 * Source: Ba, Kiros, Hinton: Layer normalization (2016); PyTorch's torch.nn.functional.layer_norm.
 *
 * @param input float32 […, normalizedShape]
 * @param normalizedShape the sizes of the last dims, or one number for the last dim
 * @throws ShapeError if the input does not end in that shape, or weight or bias has another shape
 * @example
 * layerNorm(tokens, 64, { weight, bias });
 */
export function layerNorm(
  input: Tensor,
  normalizedShape: number | Shape,
  ...rest: LayerNormArguments
): Tensor {
  const { weight, bias, eps = 1e-5 } = takes([input, normalizedShape, ...rest]);
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  checkOperands(input, shape, weight, bias);
  const length = sizeOf(shape);
  const out = empty(input.shape, { dtype: input.dtype, device: input.device });
  const rows = length === 0 ? 0 : input.numel() / length;
  const stats = empty([rows, 2], { dtype: input.dtype, device: input.device });
  if (rows > 0) {
    const [x, factor, shift] = [dense(input), weight && dense(weight), bias && dense(bias)];
    input.device.run(
      'layerNorm',
      {
        x: x.storage.buffer,
        weight: (factor ?? x).storage.buffer,
        bias: (shift ?? x).storage.buffer,
        out: out.storage.buffer,
        stats: stats.storage.buffer,
      },
      {
        rows,
        length,
        offset: x.offset,
        weightOffset: factor?.offset ?? 0,
        biasOffset: shift?.offset ?? 0,
        eps,
      },
      { WEIGHTED: weight !== undefined, BIASED: bias !== undefined },
    );
    freeCopy(x, input);
    if (factor) freeCopy(factor, weight!);
    if (shift) freeCopy(shift, bias!);
  }
  const operands = [input, weight, bias].filter((each) => each !== undefined);
  const summed = [weight, bias].some((each) => each?.requiresGrad);
  withGradient(
    'layerNorm',
    out,
    operands,
    weight ? [input, stats, weight] : [input, stats],
    (g, x, kept, factor) => {
      const rules = isGradEnabled()
        ? differentiable(g, x, factor, shape, eps)
        : fused(g, x, kept, factor, shape, summed);
      return [rules[0], ...(weight ? [rules[1]] : []), ...(bias ? [rules[2]] : [])];
    },
    { dims: shape.length, eps, weight, bias },
  );
  stats.dispose();
  return out;
}

/** The gradients in input, weight and bias. */
type Three = readonly [() => Tensor, () => Tensor, () => Tensor];

/** The gradients by kernels, which are not differentiable. */
function fused(
  g: Tensor,
  x: Tensor,
  stats: Tensor,
  weight: Tensor | undefined,
  shape: Shape,
  summed: boolean,
): Three {
  const length = sizeOf(shape);
  const strides = stridesOf(shape);
  const sums = summed ? gradientSums(g, x, stats, length) : undefined;
  const row = (index: number): Tensor => sums!.withLayout({ shape, strides, offset: index * length });
  return [() => inputGradient(g, x, stats, weight, length), () => row(1), () => row(0)];
}

/** The gradients by operations, which are differentiable. */
function differentiable(g: Tensor, x: Tensor, weight: Tensor | undefined, shape: Shape, eps: number): Three {
  const length = sizeOf(shape);
  const flat = [length === 0 ? 0 : x.numel() / length, length];
  const scaled = (): { xHat: Tensor; scale: Tensor } => {
    const rows = x.reshape(flat);
    const centred = rows.sub(rows.mean(1, true));
    const scale = centred.square().mean(1, true).add(eps).rsqrt();
    return { xHat: centred.mul(scale), scale };
  };
  return [
    () => {
      const { xHat, scale } = scaled();
      const h = (weight ? g.mul(weight) : g).reshape(flat);
      const tilt = xHat.mul(h.mul(xHat).mean(1, true));
      return h.sub(h.mean(1, true)).sub(tilt).mul(scale).reshape(x.shape);
    },
    () => g.reshape(flat).mul(scaled().xHat).sum(0).reshape(shape),
    () => g.reshape(flat).sum(0).reshape(shape),
  ];
}

function inputGradient(
  g: Tensor,
  x: Tensor,
  stats: Tensor,
  weight: Tensor | undefined,
  length: number,
): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() === 0) return out;
  const [rows, gradient, factor] = [dense(x), dense(g), weight && dense(weight)];
  x.device.run(
    'layerNormGradient',
    {
      x: rows.storage.buffer,
      gradient: gradient.storage.buffer,
      stats: stats.storage.buffer,
      weight: (factor ?? stats).storage.buffer,
      out: out.storage.buffer,
    },
    {
      rows: x.numel() / length,
      length,
      offset: rows.offset,
      gradientOffset: gradient.offset,
      weightOffset: factor?.offset ?? 0,
    },
    { WEIGHTED: weight !== undefined },
  );
  freeCopy(rows, x);
  freeCopy(gradient, g);
  if (factor) freeCopy(factor, weight!);
  return out;
}

/** The least number of rows in one part of a sum, and the number of invocations that keeps a large device busy. */
const [LEAST_ROWS, INVOCATIONS] = [32, 32_768];

/** [2, length]: Σ gradient and Σ gradient · x̂ over the rows. */
function gradientSums(g: Tensor, x: Tensor, stats: Tensor, length: number): Tensor {
  const { dtype, device } = x;
  const rows = stats.shape[0]!;
  if (rows === 0) return zeros([2, length], { dtype, device });
  const wanted = Math.max(1, Math.floor(INVOCATIONS / length));
  const chunk = Math.max(LEAST_ROWS, Math.ceil(rows / wanted));
  const parts = Math.ceil(rows / chunk);
  const partials = empty([parts, 2 * length], { dtype, device });
  const [source, gradient] = [dense(x), dense(g)];
  device.run(
    'layerNormSums',
    {
      x: source.storage.buffer,
      gradient: gradient.storage.buffer,
      stats: stats.storage.buffer,
      partials: partials.storage.buffer,
    },
    { rows, length, chunk, offset: source.offset, gradientOffset: gradient.offset },
  );
  freeCopy(source, x);
  freeCopy(gradient, g);
  if (parts === 1) return partials;
  const sums = empty([2, length], { dtype, device });
  foldParts('SUM', partials, sums);
  return sums;
}

function checkOperands(
  input: Tensor,
  shape: Shape,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
): void {
  checkDtype('layerNorm', input, 'float32', 'float64');
  const given = [weight, bias].filter((each) => each !== undefined);
  const ends = shape.length > 0 && sameShape(input.shape.slice(-shape.length), shape);
  if (!ends || !given.every((each) => sameShape(each.shape, shape))) {
    throw new ShapeError('layerNorm', 'the normalised shape does not fit', {
      takes: 'an input that ends in the normalised shape; weight and bias of that shape',
      got: [
        `input ${describe(input)}`,
        `normalizedShape ${formatShape(shape)}`,
        ...(weight ? [`weight ${describe(weight)}`] : []),
        ...(bias ? [`bias ${describe(bias)}`] : []),
      ].join(', '),
    });
  }
  checkAlike('layerNorm', input, ...given);
}
