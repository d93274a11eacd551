// Norms over groups of channels: each group is a row of `layerNorm`.

import { type Maybe, signature } from '../tensor/arguments.ts';
import { ShapeError } from '../tensor/errors.ts';
import { INTEGER, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/** Options of `groupNorm` and `instanceNorm`. */
export interface GroupNormOptions {
  /** The factor of each channel: [C]. Default 1. */
  weight?: Maybe<Tensor>;
  /** What is added to each channel: [C]. Default 0. */
  bias?: Maybe<Tensor>;
  /** Added to the variance; 1e-5 by default. */
  eps?: Maybe<number>;
}

type Checked = { weight?: Tensor; bias?: Tensor; eps?: number };
const OPTIONS = { weight: TENSOR, bias: TENSOR, eps: REAL };
const groupArguments = signature<Checked>('groupNorm', { input: TENSOR, numGroups: INTEGER }, OPTIONS);
const instanceArguments = signature<Checked>('instanceNorm', { input: TENSOR }, OPTIONS, 0);

/**
 * Normalises groups of channels of each sample to mean 0 and variance 1, then scales and shifts each channel.
 *
 * Source: Wu, He: Group normalization (2018).
 *
 * @param input [N, C, …]
 * @param numGroups the number of groups, which divides C
 * @throws ShapeError if it does not, or weight or bias is not [C]
 * @example
 * nn.functional.groupNorm(images, 4, { weight, bias });
 */
export function groupNorm(
  input: Tensor,
  numGroups: number,
  ...rest:
    [options?: Maybe<GroupNormOptions>] | [weight: Maybe<Tensor>, bias?: Maybe<Tensor>, eps?: Maybe<number>]
): Tensor {
  return normalised('groupNorm', input, numGroups, groupArguments([input, numGroups, ...rest]));
}

/**
 * Normalises each channel of each sample to mean 0 and variance 1, then scales and shifts it.
 *
 * Source: Ulyanov, Vedaldi, Lempitsky: Instance normalization (2016).
 *
 * @param input [N, C, …]
 * @throws ShapeError if weight or bias is not [C]
 */
export function instanceNorm(input: Tensor, ...rest: [options?: Maybe<GroupNormOptions>]): Tensor {
  const options = instanceArguments([input, ...rest]);
  return normalised('instanceNorm', input, input.shape[1] ?? 1, options);
}

function normalised(
  name: string,
  input: Tensor,
  groups: number,
  { weight, bias, eps = 1e-5 }: Checked,
): Tensor {
  const [batch = 0, channels = 0, ...places] = input.shape;
  const given = [weight, bias].filter((each) => each !== undefined);
  const fits = given.every((each) => each.ndim === 1 && each.shape[0] === channels);
  if (input.ndim < 2 || groups < 1 || channels % groups !== 0 || !fits) {
    throw new ShapeError(name, 'the groups do not fit', {
      takes: 'input [N, C, …], a number of groups that divides C; weight and bias [C]',
      got: `input ${describe(input)}, ${groups} groups${given.map((each) => `, ${describe(each)}`).join('')}`,
    });
  }
  const length = (channels / groups) * sizeOf(places);
  const shape = [channels, ...places.map(() => 1)];
  return scope(() => {
    let out = input
      .reshape([batch * groups, length])
      .layerNorm(length, { eps })
      .reshape(input.shape);
    if (weight) out = out.mul(weight.reshape(shape));
    return bias ? out.add(bias.reshape(shape)) : out;
  });
}
