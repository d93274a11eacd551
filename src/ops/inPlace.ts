// Methods that change a tensor, for parameters and buffers outside the graph. They end in an underscore, as in PyTorch.

import { type Kind, type Maybe, signature } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { full } from '../tensor/create.ts';
import { copyAll } from '../tensor/dense.ts';
import { GradientError, ShapeError } from '../tensor/errors.ts';
import { isGradEnabled, noGrad } from '../tensor/gradientMode.ts';
import { NUMBER, OPERAND, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes, sameShape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';

type Operand = Tensor | number;

/** Each writes its result to the tensor, in its dtype and shape, and returns the tensor. */
export interface InPlace {
  /** Adds `alpha` times another tensor or a number. */
  add_(other: Operand, options?: { alpha?: Maybe<number> }): this;
  /** Subtracts `alpha` times another tensor or a number. */
  sub_(other: Operand, options?: { alpha?: Maybe<number> }): this;
  /** Multiplies by another tensor or a number. */
  mul_(other: Operand): this;
  /** Divides by another tensor or a number. */
  div_(other: Operand): this;
  /** Takes the elements of another tensor, converted to this dtype. */
  copy_(source: Tensor): this;
  /** Sets all elements to one value. */
  fill_(value: number): this;
  /** Sets all elements to 0. */
  zero_(): this;
  /** Moves towards another tensor: x + weight (end - x). */
  lerp_(end: Tensor, weight: Operand): this;
}

type Method = (...args: never[]) => Tensor;

/** The methods, with the tensor as their first argument. */
export const inPlace: { readonly [Name in keyof InPlace]: Method } = {
  add_: changing('add_', { other: OPERAND }, (x, [other], alpha) => x.add(scaled(other!, alpha)), REAL),
  sub_: changing('sub_', { other: OPERAND }, (x, [other], alpha) => x.sub(scaled(other!, alpha)), REAL),
  mul_: changing('mul_', { other: OPERAND }, (x, [other]) => x.mul(other!)),
  div_: changing('div_', { other: OPERAND }, (x, [other]) => x.div(other!)),
  copy_: changing('copy_', { source: TENSOR }, (x, [source]) => (source as Tensor).to(x.dtype)),
  fill_: changing('fill_', { value: NUMBER }, (x, [value]) => full([], value as number, like(x))),
  zero_: changing('zero_', {}, (x) => full([], 0, like(x))),
  lerp_: changing('lerp_', { end: TENSOR, weight: OPERAND }, (x, [end, weight]) =>
    x.add((end as Tensor).sub(x).mul(weight!)),
  ),
};

function scaled(x: Operand, factor: number): Operand {
  if (factor === 1) return x;
  return typeof x === 'number' ? x * factor : x.mul(factor);
}

const like = ({ dtype, device }: Tensor): Pick<Tensor, 'dtype' | 'device'> => ({ dtype, device });

/** @param alpha the kind of an option `alpha`, if there is one */
function changing(
  name: string,
  operands: Readonly<Record<string, Kind>>,
  result: (x: Tensor, operands: readonly Operand[], alpha: number) => Tensor,
  alpha?: Kind,
): Method {
  const options = (alpha ? { alpha } : {}) as { alpha: Kind };
  const takes = signature<{ alpha?: number }>(name, { x: TENSOR, ...operands }, options, 0);
  const count = Object.keys(operands).length;
  return (...args: unknown[]) => {
    const { alpha: factor = 1 } = takes(args);
    const [x, ...given] = args.slice(0, count + 1) as [Tensor, ...Operand[]];
    if (isGradEnabled() && [x, ...given].some((each) => each instanceof Tensor && each.requiresGrad)) {
      throw new GradientError(
        `${name}: the change would not be recorded for backward; call it inside noGrad(() => …)`,
      );
    }
    noGrad(() => {
      scope(() => {
        write(name, x, result(x, given, factor));
      });
    });
    return x;
  };
}

function write(name: string, x: Tensor, value: Tensor): void {
  checkAlike(name, x, value);
  if (!sameShape(broadcastShapes(name, x.shape, value.shape), x.shape)) {
    throw new ShapeError(name, 'the result has another shape', { takes: describe(x), got: describe(value) });
  }
  x.storage.changed();
  copyAll([value], [x]);
}
