import { type Maybe, signature } from '../tensor/arguments.ts';
import { constant, ones } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { dropout } from './dropout.ts';
import { tril } from './masks.ts';
import { where } from './where.ts';

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** bool: where a key may be attended to; floating: added to the scores. Broadcast to [… , L, S]. */
  attnMask?: Maybe<Tensor>;
  /** The probability of dropping a weight; 0 by default. */
  dropoutP?: Maybe<number>;
  /** Whether a query attends only to keys up to its own position; false by default. */
  isCausal?: Maybe<boolean>;
  /** The factor of the scores; 1 / √E by default. */
  scale?: Maybe<number>;
}

interface Checked {
  attnMask?: Tensor;
  dropoutP?: number;
  isCausal?: boolean;
  scale?: number;
}

const takes = signature<Checked>(
  'scaledDotProductAttention',
  { query: TENSOR, key: TENSOR, value: TENSOR },
  { attnMask: TENSOR, dropoutP: REAL, isCausal: BOOLEAN, scale: REAL },
  3,
);

/**
 * Means of values, weighted by how well their keys fit the queries.
 *
 *     out = softmax(query · keyᵀ · scale + mask) · value
 *
 * Source: Vaswani et al.: Attention is all you need (2017).
 *
 * @param query […, L, E]
 * @param key […, S, E]
 * @param value […, S, V]
 * @param rest attnMask, dropoutP and isCausal, in order or by name; scale by name
 * @returns […, L, V]; NaN for a query that may attend to no key
 * @throws ShapeError if the sizes do not fit
 * @throws ArgumentError for a mask together with isCausal
 * @example
 * scaledDotProductAttention(query, key, value, { isCausal: true });
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...rest:
    | [options?: Maybe<AttentionOptions>]
    | [
        attnMask: Maybe<Tensor>,
        dropoutP?: Maybe<number>,
        isCausal?: Maybe<boolean>,
        options?: Maybe<Pick<AttentionOptions, 'scale'>>,
      ]
): Tensor {
  const options = takes([query, key, value, ...rest]);
  const three = [query, key, value];
  const fits =
    three.every(({ ndim }) => ndim >= 2) &&
    query.shape.at(-1) === key.shape.at(-1) &&
    key.shape.at(-2) === value.shape.at(-2);
  if (!fits) {
    throw new ShapeError('scaledDotProductAttention', 'the sizes do not fit', {
      takes: 'query […, L, E], key […, S, E], value […, S, V]',
      got: three.map(describe).join(', '),
    });
  }
  if (options.isCausal && options.attnMask) {
    throw new ArgumentError('scaledDotProductAttention', 'two masks', {
      takes: 'attnMask or isCausal',
      got: 'both',
    });
  }
  return scope(() => attentionWeights(query, key, options).matmul(value));
}

/** The weights with which each query attends to the keys, after dropout. */
export function attentionWeights(
  query: Tensor,
  key: Tensor,
  { attnMask, dropoutP = 0, isCausal = false, scale }: Checked,
): Tensor {
  const [length, width] = query.shape.slice(-2) as [number, number];
  const keys = key.shape.at(-2)!;
  return scope(() => {
    // The queries are scaled, which are fewer numbers than the scores.
    let scores = query.mul(scale ?? 1 / Math.sqrt(width)).matmul(key.transpose(-2, -1));
    const { device } = query;
    const mask = isCausal
      ? constant(() => scope(() => tril(ones([length, keys], { dtype: 'int32', device })).gt(0)))
      : attnMask;
    if (mask) scores = mask.dtype === 'bool' ? where(mask, scores, -Infinity) : scores.add(mask);
    const weights = scores.softmax(-1);
    return dropoutP > 0 ? dropout(weights, { p: dropoutP }) : weights;
  });
}
