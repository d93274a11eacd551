import { constant, ones } from '../../tensor/create.ts';
import { scope } from '../../tensor/scope.ts';
import type { Gradients } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { tril } from '../masks.ts';
import { where } from '../where.ts';

/** How the scores of keys are made. */
export interface Scores {
  /** bool: where a key may be attended to; floating: added to the scores. */
  mask: Tensor | undefined;
  /** Whether a query attends only to keys up to its own position, instead of a mask. */
  isCausal: boolean;
  /** The factor of the scores. */
  scale: number;
}

/** softmax(query · keyᵀ · scale + mask): the weights with which each query attends to the keys. */
export function attentionWeights(query: Tensor, key: Tensor, scores: Scores): Tensor {
  return scope(() => {
    // The queries are scaled, which are fewer numbers than the scores.
    const products = query.mul(scores.scale).matmul(key.transpose(-2, -1));
    const mask = maskOf(query, key, scores);
    const masked = !mask
      ? products
      : mask.dtype === 'bool'
        ? where(mask, products, -Infinity)
        : products.add(mask);
    return masked.softmax(-1);
  });
}

function maskOf(query: Tensor, key: Tensor, { mask, isCausal }: Scores): Tensor | undefined {
  if (!isCausal) return mask;
  const shape = [query.shape.at(-2)!, key.shape.at(-2)!];
  return constant(() => scope(() => tril(ones(shape, { dtype: 'int32', device: query.device })).gt(0)));
}

/** The gradients of attention in queries, keys and values, by operations, which are differentiable. */
export function attentionGradients(
  g: Tensor,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  scores: Scores,
): Gradients {
  const weights = attentionWeights(query, key, scores);
  const products = g.matmul(value.transpose(-2, -1));
  const all = weights.mul(products.sub(products.mul(weights).sum(-1, true))).mul(scores.scale);
  const mask = maskOf(query, key, scores);
  const slopes = mask?.dtype === 'bool' ? where(mask, all, 0) : all;
  return [
    () => slopes.matmul(key).sumToSize(query.shape),
    () => slopes.transpose(-2, -1).matmul(query).sumToSize(key.shape),
    () => weights.transpose(-2, -1).matmul(g).sumToSize(value.shape),
  ];
}
