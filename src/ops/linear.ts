import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { ShapeError } from '../tensor/errors.ts';
import { isGradEnabled } from '../tensor/gradientMode.ts';
import { oneOf, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import { type Gradients, type Homes, withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { factors, roundToHalf } from './support/factors.ts';
import { checkDtype } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { product } from './matmul.ts';
import { foldParts, reduceAxes } from './support/reduction.ts';

/** Options of `linear`. */
export interface LinearOptions {
  /** An activation that the same launch applies to the result. */
  activation?: Maybe<'relu'>;
}

const takes = signature<{ bias?: Tensor; activation?: 'relu' }>(
  'linear',
  { x: TENSOR, weight: TENSOR },
  { bias: TENSOR, activation: oneOf('relu') },
  1,
);

/**
 * The affine map x Wᵀ + b, optionally followed by relu.
 *
 *     y = x Wᵀ + b,   ∂/∂x = g W,  ∂/∂W = gᵀ x,  ∂/∂b = Σ g over all but the last dim
 *
 * @param x […, inFeatures]
 * @param weight [outFeatures, inFeatures]
 * @param bias [outFeatures]
 * @throws ShapeError if the sizes do not fit
 * @example
 * linear(x, weight, bias, { activation: 'relu' });
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  ...rest:
    | [bias?: Maybe<Tensor>, options?: Maybe<LinearOptions>]
    | [options: LinearOptions & { bias?: Maybe<Tensor> }]
): Tensor {
  const { bias, activation } = takes([x, weight, ...rest]);
  const fits =
    weight.ndim === 2 &&
    x.shape.at(-1) === weight.shape[1] &&
    (!bias || bias.shape.at(-1) === weight.shape[0]);
  if (!fits) {
    throw new ShapeError('linear', 'sizes do not fit', {
      takes: 'x […, in], weight [out, in], bias [out]',
      got: `x ${describe(x)}, weight ${describe(weight)}${bias ? `, bias ${describe(bias)}` : ''}`,
    });
  }
  const relu = activation === 'relu';
  return scope(() => {
    if (bias && (bias.ndim > 1 || !bias.isContiguous())) {
      const sum = x.matmul(weight.t()).add(bias);
      return relu ? sum.relu() : sum;
    }
    if (x.ndim === 2) return affine(x, weight, bias, relu);
    const outer = x.shape.slice(0, -1);
    const rows = x.reshape([sizeOf(outer), x.shape.at(-1)!]);
    return affine(rows, weight, bias, relu).reshape([...outer, weight.shape[0]!]);
  });
}

function affine(x: Tensor, weight: Tensor, bias: Tensor | undefined, relu: boolean): Tensor {
  checkAlike('linear', x, weight, ...(bias ? [bias] : []));
  checkDtype('linear', x, 'float32', 'float64');
  const pair = factors(x, weight);
  const out = product(pair[0], transposed(pair[1]), [], { bias, relu });
  const inputs = bias ? [x, weight, bias] : [x, weight];
  const saved = relu ? [...pair, out] : pair;
  const into = (homes: Homes, gradient: Tensor, input: Tensor, matrix: Tensor, output: Tensor): Gradients => {
    if (isGradEnabled() || gradient.numel() === 0) {
      const g = relu ? gradient.reluGradient(output) : gradient;
      return [() => g.matmul(matrix), () => g.t().matmul(input), () => g.sum(0)];
    }
    const [, weightHome, biasHome] = homes;
    const through = relu ? throughRelu(gradient, output, biasHome) : undefined;
    const g = through?.gradient ?? gradient;
    const factor = input.dtype === 'float16' ? roundToHalf(g) : g;
    return [
      () => product(factor, matrix, []),
      () => product(transposed(factor), input, [], { home: weightHome }),
      () => through?.sums ?? reduceAxes('SUM', 'linear', g, [0], false, biasHome),
    ];
  };
  return withGradient('linear', out, inputs, saved, { into }, relu);
}

/** The most rows that one invocation sums. More rows are summed in parts. */
const MOST_ROWS = 512;
/** The most parts: more do not fit into one dimension of a grid. */
const MOST_PARTS = 65_535;

/** The gradient before relu, and its sums over rows, in one launch. */
function throughRelu(
  gradient: Tensor,
  output: Tensor,
  home: Tensor | undefined,
): { gradient: Tensor; sums: Tensor } {
  const like = { dtype: gradient.dtype, device: gradient.device };
  const [rows, columns] = gradient.shape as [number, number];
  const [g, y] = [dense(gradient), dense(output)];
  const out = empty([rows, columns], like);
  const sums = home?.detach() ?? empty([columns], like);
  const chunk = Math.ceil(rows / Math.min(Math.ceil(rows / MOST_ROWS), MOST_PARTS));
  const parts = Math.ceil(rows / chunk);
  const target = parts === 1 ? sums : empty([parts, columns], like);
  gradient.device.run(
    'reluGradientSums',
    {
      y: y.storage.buffer,
      gradient: g.storage.buffer,
      out: out.storage.buffer,
      sums: target.storage.buffer,
    },
    {
      rows,
      columns,
      chunk,
      yOffset: y.offset,
      gradientOffset: g.offset,
      sumsOffset: target.offset,
    },
  );
  freeCopy(g, gradient);
  freeCopy(y, output);
  if (target !== sums) foldParts('SUM', target, sums);
  return { gradient: out, sums };
}

/** A matrix with rows and columns exchanged: a view without history. */
function transposed(matrix: Tensor): Tensor {
  const { shape, strides, offset } = matrix;
  return matrix.withLayout({ shape: shape.toReversed(), strides: strides.toReversed(), offset });
}
