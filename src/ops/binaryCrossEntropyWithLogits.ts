import { codes } from '../backend/signatures.ts';
import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ShapeError } from '../tensor/errors.ts';
import { REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes, sameShape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { binary, type PairRule } from './support/elementwise.ts';
import { checkDtype } from './support/launch.ts';
import { reduceLosses, type Reduction, type WeightedArguments } from './support/lossReduction.ts';

/** Options of `binaryCrossEntropyWithLogits`. */
export interface BinaryCrossEntropyOptions {
  /** Multiplies each loss. Broadcasts to the input. */
  weight?: Maybe<Tensor>;
  /** Multiplies the term of positive examples. Broadcasts to the input: [C] is one weight per class of [N, C]. */
  posWeight?: Maybe<Tensor>;
  /** `mean` (default, over all elements), `sum` or `none`. */
  reduction?: Reduction;
}

const takes = signature<{ weight?: Tensor; posWeight?: Tensor; reduction?: Reduction }>(
  'binaryCrossEntropyWithLogits',
  { input: TENSOR, target: TENSOR },
  { weight: TENSOR, posWeight: TENSOR, reduction: REDUCTION },
  1,
);

/**
 * The cross-entropy between σ(input) and target probabilities, element by element.
 *
 *     loss = weight · (posWeight · y · log(1 + e^-x) + (1 - y) · log(1 + e^x))
 *
 * Both terms are not negative, so nothing cancels. Softplus is safe for logits of any size.
 *
 * Source: PyTorch's torch.nn.functional.binary_cross_entropy_with_logits.
 *
 * @param input logits x of any shape
 * @param target y in [0, 1], of input's shape and dtype; may require a gradient
 * @throws ShapeError if target, weight or posWeight does not fit
 * @example
 * binaryCrossEntropyWithLogits(logits, target, { posWeight: tensor([1, 3]) });
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  ...rest: WeightedArguments<BinaryCrossEntropyOptions>
): Tensor {
  const { weight, posWeight, reduction } = takes([input, target, ...rest]);
  const name = 'binaryCrossEntropyWithLogits';
  checkDtype(name, input, 'float32', 'float64');
  checkAlike(name, input, target, ...[weight, posWeight].filter((each) => each !== undefined));
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(name, 'target does not fit', {
      takes: 'input and target of one shape',
      got: `input ${describe(input)}, target ${describe(target)}`,
    });
  }
  for (const [part, factor] of Object.entries({ weight, posWeight })) {
    if (!factor || sameShape(broadcastShapes(name, input.shape, factor.shape), input.shape)) continue;
    throw new ShapeError(name, `${part} does not fit`, {
      takes: `a ${part} that broadcasts to ${describe(input)}`,
      got: describe(factor),
    });
  }
  return scope(() => {
    const losses = posWeight ? weightedTerms(input, target, posWeight) : terms(input, target);
    return reduceLosses(name, weight ? losses.mul(weight) : losses, reduction);
  });
}

/** The losses in one pass. */
function terms(input: Tensor, target: Tensor): Tensor {
  const rule: PairRule = (g, x, y) => [
    () => g.mul(y.neg().add(1).mul(x.sigmoid()).sub(y.mul(x.neg().sigmoid()))),
    () => g.mul(x).neg(),
  ];
  return binary('binaryCrossEntropyWithLogits', codes.binary.CROSS_ENTROPY, input, target, true, rule);
}

function weightedTerms(input: Tensor, target: Tensor, posWeight: Tensor): Tensor {
  const positive = target.mul(input.neg().softplus({ threshold: Infinity }));
  const negative = target
    .neg()
    .add(1)
    .mul(input.softplus({ threshold: Infinity }));
  return positive.mul(posWeight).add(negative);
}
