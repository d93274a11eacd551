// Derivatives of functions, from gradients.

import { stack } from '../ops/cat.ts';
import { ANY, FUNCTION, type Kind, signature } from '../tensor/arguments.ts';
import { grad } from '../tensor/backward.ts';
import { zerosLike } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { withGradEnabled } from '../tensor/gradientMode.ts';
import { TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';

/** A function of one tensor. */
export type TensorFunction = (x: Tensor) => Tensor;

const pair: Readonly<Record<string, Kind>> = { f: FUNCTION, x: TENSOR };
const takes = {
  jacobian: signature('jacobian', pair),
  hessian: signature('hessian', pair),
  vjp: signature('vjp', { ...pair, v: ANY }),
  jvp: signature('jvp', { ...pair, v: TENSOR }),
};

/** Calls `body` with a leaf of the values of x, and what f makes of it. */
function evaluated<T>(name: string, f: TensorFunction, x: Tensor, body: (leaf: Tensor, y: Tensor) => T): T {
  return scope(() =>
    withGradEnabled(true, () => {
      const leaf = x.detach();
      leaf.requiresGrad = true;
      const y: unknown = f(leaf);
      if (y instanceof Tensor) return body(leaf, y);
      throw new ArgumentError(name, 'the function returned no tensor', { takes: 'a tensor', got: String(y) });
    }),
  );
}

/** vᵀ · ∂y/∂x; zeros where y does not depend on x. */
function pulledBack(y: Tensor, leaf: Tensor, v: Tensor, createGraph: boolean): Tensor {
  if (!y.requiresGrad) return zerosLike(leaf);
  const options = { gradOutputs: [v], retainGraph: true, createGraph, allowUnused: true } as const;
  return grad(y, [leaf], options)[0] ?? zerosLike(leaf);
}

/** The rows of a Jacobian: the gradient of each element of y. */
function rowsOf(y: Tensor, leaf: Tensor): Tensor {
  const flat = y.flatten();
  const count = flat.numel();
  const rows = Array.from({ length: count }, (_, index) => {
    if (!y.requiresGrad) return zerosLike(leaf);
    return pulledBack(flat.at(index), leaf, zerosLike(flat.at(index).detach()).add(1), false);
  });
  if (count === 0)
    return zerosLike(leaf)
      .reshape([1, ...leaf.shape])
      .slice([0, 0])
      .reshape([...y.shape, ...leaf.shape]);
  return stack(rows)
    .detach()
    .reshape([...y.shape, ...leaf.shape]);
}

/**
 * All derivatives of a function at x: one backward for each element of the result.
 *
 *     J[i…, j…] = ∂f(x)[i…] / ∂x[j…]
 *
 * @returns [...result's shape, ...x's shape]
 * @throws ArgumentError if the function returns no tensor
 * @example
 * autograd.jacobian((x) => x.square(), tensor([1, 2])); // [[2, 0], [0, 4]]
 */
export function jacobian(f: TensorFunction, x: Tensor): Tensor {
  takes.jacobian(arguments);
  return evaluated('jacobian', f, x, (leaf, y) => rowsOf(y, leaf));
}

/**
 * The second derivatives of a function with one result at x.
 *
 *     H[i…, j…] = ∂²f(x) / ∂x[i…] ∂x[j…]
 *
 * @returns [...x's shape, ...x's shape]
 * @throws ShapeError unless the function returns one element
 * @example
 * autograd.hessian((x) => x.pow(3).sum(), tensor([1, 2])); // [[6, 0], [0, 12]]
 */
export function hessian(f: TensorFunction, x: Tensor): Tensor {
  takes.hessian(arguments);
  return evaluated('hessian', f, x, (leaf, y) => {
    if (y.numel() !== 1)
      throw new ShapeError('hessian', 'not one result', {
        takes: 'a function with one result',
        got: describe(y),
      });
    return rowsOf(pulledBack(y, leaf, zerosLike(y.detach()).add(1), true), leaf);
  });
}

/**
 * The result of a function at x, and the product of a vector with its Jacobian: one backward.
 *
 * @param v of the result's shape
 * @returns [f(x), vᵀ · J]
 * @throws ShapeError if v has another shape
 */
export function vjp(f: TensorFunction, x: Tensor, v: Tensor): [result: Tensor, product: Tensor] {
  takes.vjp(arguments);
  return evaluated('vjp', f, x, (leaf, y) => {
    checkVector('vjp', v, y);
    return [y.detach(), pulledBack(y, leaf, v, false)];
  });
}

/**
 * The result of a function at x, and the product of its Jacobian with a vector: two backwards, the second through the
 * first.
 *
 * @param v of x's shape
 * @returns [f(x), J · v]
 * @throws ShapeError if v has another shape
 */
export function jvp(f: TensorFunction, x: Tensor, v: Tensor): [result: Tensor, product: Tensor] {
  takes.jvp(arguments);
  return evaluated('jvp', f, x, (leaf, y) => {
    checkVector('jvp', v, x);
    // uᵀ J is linear in u, so its derivative along v is J v for any u.
    const u = zerosLike(y.detach());
    u.requiresGrad = true;
    const product = pulledBack(y, leaf, u, true);
    if (!product.requiresGrad) return [y.detach(), zerosLike(y.detach())];
    return [y.detach(), pulledBack(product, u, v, false)];
  });
}

function checkVector(name: string, v: unknown, like: Tensor): void {
  if (v instanceof Tensor && sameShape(v.shape, like.shape) && v.dtype === like.dtype) return;
  throw new ShapeError(name, 'the vector does not fit', {
    takes: describe(like),
    got: v instanceof Tensor ? describe(v) : String(v),
  });
}
