import { checkAlike, checkDevice } from '../../tensor/checks.ts';
import { ArgumentError, GradientError, ShapeError } from '../../tensor/errors.ts';
import { sameShape, type Shape } from '../../tensor/shape.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';
import { checkDtype } from './launch.ts';

/** Shared by crossEntropy and nllLoss: scores of C classes, the target class of each sample, and class weights. */
export interface ClassOptions {
  weight?: Tensor | undefined;
  ignoreIndex: number;
}

/**
 * Throws unless input [N, C, d1, …], or [C] for one sample, matches targets [N, d1, …], or [], and a weight per class.
 */
export function checkClassTargets(
  name: string,
  input: Tensor,
  target: Tensor,
  { weight, ignoreIndex }: ClassOptions,
): void {
  checkDtype(name, input, 'float32', 'float64');
  checkDtype(name, target, 'int32');
  checkDevice(name, input, target);
  if (!sameShape(target.shape, withoutClasses(input.shape)) || input.ndim === 0 || classesOf(input) === 0) {
    throw targetError(name, input, target, withoutClasses);
  }
  checkWeight(name, input, weight);
  if (ignoreIndex !== (ignoreIndex | 0)) {
    throw new ArgumentError(name, 'invalid ignoreIndex', {
      takes: 'an integer of 32 bits',
      got: `ignoreIndex ${ignoreIndex}`,
    });
  }
}

/** Throws unless the weight is a constant with one element per class of the input. */
export function checkWeight(name: string, input: Tensor, weight: Tensor | undefined): void {
  if (!weight) return;
  checkAlike(name, input, weight);
  if (!sameShape(weight.shape, [classesOf(input)])) {
    throw new ShapeError(name, 'weight does not fit', {
      takes: `one weight for each of the ${classesOf(input)} classes`,
      got: describe(weight),
    });
  }
  if (weight.requiresGrad) {
    throw new GradientError(`${name}: weight is a constant and has no gradient; pass weight.detach()`);
  }
}

/** The number of classes of scores [N, C, …] or [C]. */
export function classesOf({ shape }: Tensor): number {
  return shape[shape.length === 1 ? 0 : 1] ?? 0;
}

/** [N, C, d1, …] without C. */
export function withoutClasses<T>(shape: readonly T[]): readonly T[] {
  return shape.length <= 1 ? [] : [shape[0]!, ...shape.slice(2)];
}

/** The error for a target that does not match its input; `fits` computes its dims from the input's. */
export function targetError(
  name: string,
  input: Tensor,
  target: Tensor,
  fits: <T>(dims: readonly T[]) => readonly T[],
): ShapeError {
  const named = input.ndim === 1 ? ['C'] : ['N', 'C', ...input.shape.slice(2).map((_, i) => `d${i + 1}`)];
  const text = (dims: readonly string[]): string => `[${dims.join(', ')}]`;
  return new ShapeError(name, 'target does not fit', {
    takes: `input ${input.dtype}${text(named)}, target ${target.dtype}${text(fits(named))}`,
    got: `input ${describe(input)}, target ${describe(target)}`,
    ...(input.ndim > 0 ? { where: named.map((dim, i) => `${dim} = ${input.shape[i]!}`).join(', ') } : {}),
  });
}

/** The shape [N, 1, d1, …], which matches scores [N, C, d1, …]. */
export function withOneClass([first = 1, ...rest]: Shape): number[] {
  return [first, 1, ...rest];
}
