import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { dropout } from './dropout.ts';
import { fusedAttention, headsOf, paysOff } from './support/attention.ts';
import { attentionWeights } from './support/attentionScores.ts';
import { checkDtype } from './support/launch.ts';

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
 * One kernel computes this for float32 heads of up to 128 columns, and stores no scores. It takes several operations with
 * dropout, with a mask that requires a gradient, and where these are faster and the scores few. With isCausal, the kernel does
 * not read later keys and values, not even where they are NaN.
 *
 * Source: Vaswani et al.: Attention is all you need (2017); Dao: FlashAttention-2 (2023).
 *
 * @param query […, L, E]
 * @param key […, S, E]
 * @param value […, S, V]
 * @param rest attnMask, dropoutP and isCausal, in order or by name; scale by name
 * @returns […, L, V]; NaN for a query that may attend to no key
 * @throws ShapeError if the sizes do not fit
 * @throws DTypeError for whole numbers; as a mask, numbers of 0 and 1 would be added to the scores
 * @throws ArgumentError for a mask together with isCausal, or a dropoutP outside of [0, 1]
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
  for (const each of three) checkDtype('scaledDotProductAttention', each, 'float32', 'float64', 'float16');
  if (options.attnMask) checkMask(query, key, options.attnMask);
  if (options.isCausal && options.attnMask) {
    throw new ArgumentError('scaledDotProductAttention', 'two masks', {
      takes: 'attnMask or isCausal',
      got: 'both',
    });
  }
  const { attnMask: mask, dropoutP: p = 0, isCausal = false } = options;
  if (p < 0 || p > 1) {
    throw new ArgumentError('scaledDotProductAttention', 'invalid probability', {
      takes: '0 ≤ dropoutP ≤ 1',
      got: `dropoutP ${p}`,
    });
  }
  const scores = { mask, isCausal, scale: options.scale ?? 1 / Math.sqrt(query.shape.at(-1)!) };
  const heads = p > 0 ? undefined : headsOf(query, key, value, scores);
  if (heads && paysOff(heads, three)) return fusedAttention(query, key, value, heads);
  return scope(() => {
    const weights = attentionWeights(query, key, scores);
    return (p > 0 ? dropout(weights, { p }) : weights).matmul(value);
  });
}

function checkMask(query: Tensor, key: Tensor, mask: Tensor): void {
  checkDtype('scaledDotProductAttention', mask, 'bool', 'float32', 'float64');
  const sizes = [query.shape.at(-2)!, key.shape.at(-2)!];
  const ends = mask.shape.slice(-2);
  if (ends.every((size, axis) => size === 1 || size === sizes[axis + 2 - ends.length])) return;
  throw new ShapeError('scaledDotProductAttention', 'the mask does not fit', {
    takes: `attnMask that broadcasts to […, ${sizes.join(', ')}]`,
    got: `attnMask ${describe(mask)}, query ${describe(query)}, key ${describe(key)}`,
  });
}
